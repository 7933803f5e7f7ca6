// Parses dates, numbers and URLs for the core in a page. The rules are those of the C functions that the core uses on
// servers: src/base/dates.h, number.h and base_url.h, src/core/endpoint.h. tests/vectors/ and
// tests/node/client/compare.test.js check that both agree. Nothing here throws.

import { INSECURE_ENDPOINT, INVALID_CONFIG } from './boundary.js';

/** Reads an HTTP date (RFC 9110, section 5.6.7) from 1970 on as Unix seconds. toUTCString writes the same format. */
function parseDate(text) {
  const ms = Date.parse(text);
  return text.length == 29 && ms >= 0 && new Date(ms).toUTCString() == text ? ms / 1000 : NaN;
}

/** Reads a JSON number (RFC 8259, section 6) of up to 31 characters. NaN: it is not one. */
export const parseNumber = (text) =>
  text.length < 32 && /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;

const BASE_URL =
  /^([a-zA-Z][a-zA-Z\d+.-]*):\/\/(\[[\da-fA-F:]+\]|[\w-]+(?:\.[\w-]+)*\.?)(?::(\d+))?(?:\/(?:[\w\-.~!$&'()*+,;=:@/]|%[\da-fA-F]{2})*)?$/;

/**
 * An address: in brackets, or with a number as its last label. Browsers read that as an IPv4 address in many spellings.
 */
const ADDRESS = /^\[|(^|\.)(\d+|0x[\da-f]*)\.?$/i;

/** True if a host is a name, an IPv6 address, or an IPv4 address in the spelling that browsers write. */
function isHost(host) {
  try {
    return !ADDRESS.test(host) || new URL(`http://${host}`).hostname == host || host[0] == '[';
  } catch {
    return false;
  }
}

/** True if a host is this machine: localhost, 127.0.0.0/8 or [::1]. */
const isLoopback = (host) => /^(localhost|127[\d.]+|\[[0:]*:0*1\])$/i.test(host);

/**
 * Checks a base URL by the grammar of src/base/base_url.h. Allowed are https, http to this machine, and http to any
 * host with allowInsecure.
 * @param {string} text
 * @param {boolean} [allowInsecure]
 * @returns {number} 0, INVALID_CONFIG or INSECURE_ENDPOINT
 */
export function checkBaseUrl(text, allowInsecure) {
  const [, scheme, host, port = 1] = (text.length <= 1024 && BASE_URL.exec(text)) || [];
  if (!host || !(port >= 1 && port <= 65535) || !isHost(host)) return INVALID_CONFIG;
  if (/^https$/i.test(scheme) || (/^http$/i.test(scheme) && (allowInsecure || isLoopback(host)))) return 0;
  return INSECURE_ENDPOINT;
}

/**
 * Checks an endpoint by the rule of src/core/endpoint.h: a base URL without escapes, and not inbenta.io without a path.
 * @param {string} text
 * @param {boolean} [allowInsecure]
 * @returns {number} as checkBaseUrl
 */
export function checkEndpoint(text, allowInsecure) {
  return (
    checkBaseUrl(text, allowInsecure) ||
    (/%|^[^/]+\/\/([^/]*\.)?inbenta\.io\.?(:\d+)?\/*$/i.test(text) ? INVALID_CONFIG : 0)
  );
}

/** In the order of enum text in src/wasm/boundary.h. */
export const PARSERS = [
  parseDate,
  parseNumber,
  (text) => checkBaseUrl(text),
  (text) => checkEndpoint(text),
  (text) => checkEndpoint(text, true),
];
