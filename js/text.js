// How the core reads dates, numbers and URLs in a page: as the browser does. Nothing here throws.

import { isSecure } from './config.js';
import { numberForC } from './errors.js';

/** An HTTP date (RFC 9110, section 5.6.7) has the very form that toUTCString writes; Date.parse takes others, too. */
function readDate(text) {
  const ms = Date.parse(text);
  return new Date(ms).toUTCString() == text ? ms / 1000 : NaN;
}

/** A JSON number (RFC 8259, section 6). */
const readNumber = (text) => (/^-?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN);

/** 0 or C's error for a base URL: of no other characters than these, so without user, query, fragment and escapes. */
function checkEndpoint(text, allowInsecure) {
  if (!/^https?:\/\/[\w.~:/[\]-]+$/i.test(text)) return numberForC('invalid_config');
  try {
    return isSecure(new URL(text), allowInsecure) ? 0 : numberForC('insecure_endpoint');
  } catch {
    return numberForC('invalid_config');
  }
}

/** By enum text of src/wasm/boundary.h. */
export const READERS = [readDate, readNumber, (text) => checkEndpoint(text, false), (text) => checkEndpoint(text, true)];
