// One file: the module is inside.
import text from '#wasm';
import { decode } from '../wasm-text.js';
export default () => decode(text);
