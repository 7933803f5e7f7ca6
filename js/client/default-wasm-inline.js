// Script-tag and Node builds: one file, the module is inside.
import base64 from '#wasm';
export default () => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
