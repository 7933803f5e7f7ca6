// Reads the body of a response for the core, by the rules of src/core/body.h. On servers cJSON reads it.
// tests/node/client/compare.test.js checks that both read the same.

import { FORM_APIS, FORM_ERROR, FORM_GATEWAY, FORM_NO_APIS, FORM_OBJECT, FORM_TOO_LARGE } from './boundary.js';
import { ownMembers } from './config.js';
import { numberForC } from './errors.js';
import { parseNumber } from './text.js';
import { tokenStrings } from './token.js';

/** C accepts so many levels of arrays and objects. */
const LEVELS = 16;

const isString = (value) => typeof value == 'string';
const isObject = (value) => typeof value == 'object' && value && !Array.isArray(value);

const numberOf = (value) => (isString(value) ? parseNumber(value) : typeof value == 'number' && value) || 0;

/** True if C would read this JSON: no number is too long, and there are not too many levels for its stack. */
function isReadByC(json) {
  const rest = json.replace(/"(\\.|[^"\\])*"/g, '');
  let level = 0;
  const isDeep = rest.match(/[[\]{}]/g)?.some((sign) => (level += '[{'.includes(sign) ? 1 : -1) > LEVELS);
  return !isDeep && !/[-+.\deE]{32}/.test(rest);
}

/**
 * @param {string | undefined} text undefined: the body is too large
 * @returns {[strings: string[], form: number, expiresIn: number, expiration: number, reason: number]} the arguments of
 *   `done`
 */
export function parseBody(text) {
  let json;
  try {
    json = isReadByC(text) && JSON.parse(text);
  } catch {}
  const {
    accessToken = '',
    apis,
    error,
    expires_in,
    expiration,
    Message,
    message,
  } = ownMembers(isObject(json) && json);
  const { message: ofError, reason } = ownMembers(isObject(error) && error);
  return [
    [
      [ofError, error, Message, message].find(isString) ?? '',
      ...tokenStrings({ accessToken: isString(accessToken) ? accessToken : '', apis: isObject(apis) && apis }),
    ],
    (text === undefined && FORM_TOO_LARGE) |
      (isObject(json) && FORM_OBJECT) |
      (isObject(apis) && FORM_APIS) |
      (Array.isArray(apis) && !apis.length && FORM_NO_APIS) |
      (isObject(error) && FORM_ERROR) |
      (isString(Message) && FORM_GATEWAY),
    numberOf(expires_in),
    numberOf(expiration),
    numberForC(reason),
  ];
}
