// What the body of an answer says: src/core/body.h, where cJSON reads the same natively.
// tests/node/client/compare.test.js holds the two together.

import { FORM_APIS, FORM_ERROR, FORM_GATEWAY, FORM_NO_APIS, FORM_OBJECT, FORM_TOO_LARGE } from './boundary.js';
import { ownMembers } from './config.js';
import { numberForC } from './errors.js';
import { readNumber } from './text.js';
import { stringsOf } from './token.js';

/** Levels of arrays and objects. */
const LEVELS = 16;

const isString = (value) => typeof value == 'string';
const isObject = (value) => typeof value == 'object' && value && !Array.isArray(value);

const numberOf = (value) => (isString(value) ? readNumber(value) : typeof value == 'number' && value) || 0;

/** Whether C reads this JSON: no number is too long, and there are no more levels than its stack has room for. */
function isTaken(json) {
  let rest = json.replace(/"(\\.|[^"\\])*"/g, '');
  const isLong = /[-+.\de]{32}/i.test(rest);
  for (let i = 0; i < LEVELS; i++) rest = rest.replace(/[[{][^[\]{}]*[\]}]/g, '');
  return !isLong && !/[[{]/.test(rest);
}

/**
 * @param {string | undefined} text undefined: it is too large
 * @returns {[strings: string[], form: number, expiresIn: number, expiration: number, reason: number]} as `done` takes it
 */
export function readAnswer(text) {
  let json;
  try {
    json = isTaken(text) && JSON.parse(text);
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
      ...stringsOf({ accessToken: isString(accessToken) ? accessToken : '', apis: isObject(apis) && apis }),
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
