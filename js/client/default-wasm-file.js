// For 'inbenta-auth/external': the module is a file next to the script. Bundlers recognise this expression.
export default () => new URL('./inbenta-auth.wasm', import.meta.url).href;
