// How the emulator misbehaves. A rule is some knobs and the requests that they are for; for each request the
// rules that fit are laid over each other, the one that was set last on top.

import { checkChoice, checkFlag, checkNames, checkNumber, LIFETIME_MAX_S, OptionError } from './options.js';

const DAY_MS = 86_400_000;

/** Paths as people write them, and as they are asked. */
const PATHS = { '/auth': '/v1/auth', '/refreshToken': '/v1/refreshToken', '/apis': '/v1/apis', '/.well-known/jwks.json': '/.well-known/jwks.json', '/healthz': '/healthz' };

const CHECKS = {
  lifetimeS: (value) => checkNumber('lifetimeS', value, 1, LIFETIME_MAX_S, { unit: 'seconds' }),
  latencyMs: (value) => checkNumber('latencyMs', value, 0, DAY_MS, { fraction: true, unit: 'milliseconds' }),
  status: (value) => checkNumber('status', value, 200, 599),
  retryAfterS: (value) => checkNumber('retryAfterS', value, 0, LIFETIME_MAX_S, { unit: 'seconds' }),
  clockOffsetS: (value) => checkNumber('clockOffsetS', value, -LIFETIME_MAX_S, LIFETIME_MAX_S, { unit: 'seconds' }),
  cutOff: (value) => typeof value == 'boolean' ? value : checkNumber('cutOff', value, 0, 65_536, { unit: 'bytes (or true: half of the body)' }),
  firewall: (value) => checkFlag('firewall', value),
  cors: (value) => checkFlag('cors', value),
  apis: (value) => checkChoice('apis', value, ['missing', 'empty']),
  body(value) {
    if (typeof value == 'string') return value;
    const json = JSON.stringify(value);
    if (json === undefined) throw new OptionError('body', 'give a text, or what can be written as JSON');
    return json;
  },
};

const LIMITS = ['path', 'next'];

/**
 * @typedef {object} Knobs null sets one back to its default
 * @property {number | null} [lifetimeS] of access tokens, in seconds
 * @property {number | null} [latencyMs] waits so long before it answers
 * @property {number | null} [status] answers with this status instead of looking into the request
 * @property {unknown} [body] of the answer: a text, or anything that is written as JSON
 * @property {number | null} [retryAfterS] sends Retry-After
 * @property {boolean | number | null} [cutOff] closes the connection in the middle of the body, or after so many bytes
 * @property {boolean | null} [firewall] answers as a firewall or CDN does: 403 and a page of HTML
 * @property {boolean | null} [cors] false leaves out the headers by which a page of another origin may read the answer
 * @property {'missing' | 'empty' | null} [apis] 'missing': /auth names no products, GET /apis does; 'empty': both answer
 *   [], as PHP writes an empty map
 * @property {number | null} [clockOffsetS] how far the server's clock is ahead: Date, expiration, and what has expired
 * @property {string | null} [path] only for this path: /auth, /refreshToken, /apis; else for all
 * @property {number | null} [next] only for so many requests from now on
 */

function checkPath(path) {
  const found = Object.entries(PATHS).find((names) => names.includes(path));
  if (!found) throw new OptionError('path', `choose one of ${Object.keys(PATHS).join(', ')}`);
  return found[0];
}

export class KnobSet {
  #start;
  #rules = [];

  /** @param {Knobs[]} start where reset() goes back to */
  constructor(start) {
    this.#start = start;
    this.reset();
  }

  reset() {
    this.#rules = [];
    for (const knobs of this.#start) this.set(knobs);
  }

  /** @param {Knobs} knobs */
  set(knobs) {
    if (typeof knobs != 'object' || !knobs) throw new OptionError('knobs', 'give an object, such as { status: 503 }');
    checkNames(knobs, [...Object.keys(CHECKS), ...LIMITS], 'knob');
    const path = knobs.path == null ? null : checkPath(knobs.path);
    const next = knobs.next == null ? Infinity : checkNumber('next', knobs.next, 1, 1e9);
    const values = {};
    for (const [name, check] of Object.entries(CHECKS)) if (knobs[name] !== undefined) values[name] = knobs[name] === null ? null : check(knobs[name]);
    if (!Object.keys(values).length) {
      if (path == null && next == Infinity) return;
      throw new OptionError('knobs', `path and next limit another knob; name one of ${Object.keys(CHECKS).join(', ')}`);
    }
    if (next == Infinity) this.#forget(path, values);
    this.#rules.push({ path, next, values });
  }

  /** Drops what a new rule without an end hides for good, so that rules do not pile up. */
  #forget(path, values) {
    for (const rule of this.#rules) if (path == null || rule.path == path) for (const name of Object.keys(values)) delete rule.values[name];
    this.#rules = this.#rules.filter((rule) => Object.keys(rule.values).length);
  }

  /** The knobs for a request, which counts for `next` unless it is only looked at. */
  take(requested, { count = true } = {}) {
    const all = {};
    for (const rule of this.#rules) {
      if (rule.path != null && PATHS[rule.path] != requested) continue;
      Object.assign(all, rule.values);
      if (count) rule.next--;
    }
    this.#rules = this.#rules.filter((rule) => rule.next > 0);
    return all;
  }

  /** @returns {Knobs[]} what is set now, the last on top */
  get current() {
    return this.#rules.map(({ path, next, values }) => ({ ...values, ...(path != null && { path }), ...(next < Infinity && { next }) }));
  }
}
