// How the emulator misbehaves. A rule is a set of knobs with the requests that it applies to. For each request the
// matching rules are merged; a later rule overrides an earlier one.

import {
  checkChoice,
  checkFlag,
  checkNames,
  checkNumber,
  checkObject,
  LIFETIME_MAX_S,
  OptionError,
} from './options.js';

const DAY_MS = 86_400_000;

/** Paths as options name them, and as requests have them. */
const PATHS = {
  '/auth': '/v1/auth',
  '/refreshToken': '/v1/refreshToken',
  '/apis': '/v1/apis',
  '/.well-known/jwks.json': '/.well-known/jwks.json',
  '/healthz': '/healthz',
};

const CHECKS = {
  lifetimeS: (value) => checkNumber('lifetimeS', value, 1, LIFETIME_MAX_S, { unit: 'seconds' }),
  latencyMs: (value) => checkNumber('latencyMs', value, 0, DAY_MS, { fraction: true, unit: 'milliseconds' }),
  status: (value) => checkNumber('status', value, 200, 599),
  retryAfterS: (value) => checkNumber('retryAfterS', value, 0, LIFETIME_MAX_S, { unit: 'seconds' }),
  clockOffsetS: (value) => checkNumber('clockOffsetS', value, -LIFETIME_MAX_S, LIFETIME_MAX_S, { unit: 'seconds' }),
  cutOff: (value) =>
    typeof value == 'boolean'
      ? value
      : checkNumber('cutOff', value, 0, 65_536, { unit: 'bytes (or true: half of the body)' }),
  firewall: (value) => checkFlag('firewall', value),
  cors: (value) => checkFlag('cors', value),
  apis: (value) => checkChoice('apis', value, ['missing', 'empty']),
  body(value) {
    if (typeof value == 'string') return value;
    const json = JSON.stringify(value);
    if (json === undefined) throw new OptionError('body', 'give a text or a value that JSON can represent');
    return json;
  },
};

const LIMITS = ['path', 'next'];

/** @typedef {import('../types/emulator.cjs').Knobs} Knobs */

function checkPath(path) {
  const found = Object.entries(PATHS).find((names) => names.includes(path));
  if (!found) throw new OptionError('path', `choose one of ${Object.keys(PATHS).join(', ')}`);
  return found[0];
}

export class KnobSet {
  #start;
  #rules = [];

  /** @param {Knobs[]} start the knobs that reset() restores */
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
    checkObject('knobs', knobs, '{ status: 503 }');
    checkNames(knobs, [...Object.keys(CHECKS), ...LIMITS], 'knob');
    const path = knobs.path == null ? null : checkPath(knobs.path);
    const next = knobs.next == null ? Infinity : checkNumber('next', knobs.next, 1, 1e9);
    const values = {};
    for (const [name, check] of Object.entries(CHECKS))
      if (knobs[name] !== undefined) values[name] = knobs[name] === null ? null : check(knobs[name]);
    if (!Object.keys(values).length) {
      if (path == null && next == Infinity) return;
      throw new OptionError(
        'knobs',
        `path and next only limit other knobs; give one of ${Object.keys(CHECKS).join(', ')}`,
      );
    }
    if (next == Infinity) this.#removeOverridden(path, values);
    this.#rules.push({ path, next, values });
  }

  /** Removes values that a new permanent rule overrides for ever. Otherwise rules would accumulate. */
  #removeOverridden(path, values) {
    for (const rule of this.#rules)
      if (path == null || rule.path == path) for (const name of Object.keys(values)) delete rule.values[name];
    this.#rules = this.#rules.filter((rule) => Object.keys(rule.values).length);
  }

  /** The knobs for a request. With `count` the request counts for `next`. */
  forRequest(path, { count = true } = {}) {
    const all = {};
    for (const rule of this.#rules) {
      if (rule.path != null && PATHS[rule.path] != path) continue;
      Object.assign(all, rule.values);
      if (count) rule.next--;
    }
    this.#rules = this.#rules.filter((rule) => rule.next > 0);
    return all;
  }

  /** @returns {Knobs[]} the current rules; a later one overrides an earlier one */
  get current() {
    return this.#rules.map(({ path, next, values }) => ({
      ...values,
      ...(path != null && { path }),
      ...(next < Infinity && { next }),
    }));
  }
}
