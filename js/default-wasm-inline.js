// Script-tag build: one file, the module is inside.
import bytes from '#wasm';
export default () => bytes;
