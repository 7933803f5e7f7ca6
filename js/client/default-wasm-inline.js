// For the default entry: the module is inside the script.
import text from '#wasm';
import { decode } from '../wasm-text.js';

let bytes;
export default () => (bytes ??= decode(text));
