// How the core reads dates, numbers, URLs and codes in a page: as the browser does. Nothing here throws.

import { checkEndpoint } from './config.js';
import { numberForC } from './errors.js';

/** An HTTP date (RFC 9110, section 5.6.7) has the very form that toUTCString writes; Date.parse takes others, too. */
function readDate(text) {
  const ms = Date.parse(text);
  return new Date(ms).toUTCString() == text ? ms / 1000 : NaN;
}

/** A JSON number (RFC 8259, section 6). */
const readNumber = (text) => (/^-?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN);

/** By enum text of src/wasm/boundary.h. */
export const READERS = [readDate, readNumber, numberForC, checkEndpoint, (text) => checkEndpoint(text, true)];
