// 'inbenta-auth/external': the module is a file of its own beside the script. Bundlers know this form.
export default () => new URL('./inbenta-auth.wasm', import.meta.url).href;
