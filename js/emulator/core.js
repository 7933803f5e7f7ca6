// One instance of the emulator's wasm: the only place that knows its boundary (src/emulator/boundary.h).

import { createHash, createPrivateKey, createPublicKey, randomFillSync, sign, verify } from 'node:crypto';
import { domainToASCII } from 'node:url';
import base64 from '#wasm';
import { libcImports } from './libc_imports.js';

const FLAG_ADMIN = 1;
const FLAG_BODY_TOO_LARGE = 2;

/** What stands before a raw Ed25519 key in DER (RFC 8410): PKCS #8 and SubjectPublicKeyInfo. */
const PRIVATE_KEY_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_KEY_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** Letters, digits, dots and what is not ASCII: domainToASCII would read the rest as parts of a URL. */
const HOST_NAME = /^[\w.\-\u0080-\u{10ffff}]+$/u;

let module;

/**
 * @typedef {object} Host what the core is handed
 * @property {() => number} now Unix seconds
 * @property {(document: Buffer) => void} keep keeps all keys; throws if it cannot
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {string[]} headers name, value, …
 * @property {Buffer} body
 * @property {Record<string, unknown>} log what stands in the access log: no credential is in it
 */

export class EmulatorCore {
  #host;
  #wasm; // the exports
  #answer;
  #keys = new Map(); // Node's key objects, by the raw key

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
    module ??= new WebAssembly.Module(Buffer.from(base64, 'base64'));
    this.#wasm = new WebAssembly.Instance(module, { ...libcImports(module, 'js'), js: this.#imports() }).exports;
    this.#wasm._initialize();
  }

  /** @returns {string} what is wrong with these settings, "option: advice", or '' */
  configure({ apis, adminToken, throttle, quota }) {
    const strings = this.#write(Buffer.from(`${JSON.stringify(apis)}\0${adminToken}\0`));
    return this.#text(this.#wasm.configure(...strings, throttle.requests, throttle.periodS, quota.requests, quota.periodS));
  }

  /**
   * @param {Buffer | undefined} document what was kept
   * @param {number} lifetimeS of the tokens to come
   * @returns {string} what is wrong with it, or ''
   */
  open(document, lifetimeS) {
    if (document?.includes(0)) return 'not JSON';
    return this.#text(this.#wasm.open(...(document ? this.#write(document) : [0, 0]), lifetimeS));
  }

  /**
   * Answers a request. Throws if the instance is dead: then none of it may be used again.
   * @returns {Answer}
   */
  handle({ method, path, rawHeaders, body, bodyTooLarge = false, admin = false, lifetimeS, refuseWith = 0 }) {
    const head = Buffer.from([method, path, ...rawHeaders].map((text) => `${text}\0`).join(''), 'latin1');
    const flags = (admin && FLAG_ADMIN) | (bodyTooLarge && FLAG_BODY_TOO_LARGE);
    const [address] = this.#write(Buffer.concat([head, body]));
    this.#wasm.handle(address, head.length, body.length, flags, lifetimeS, refuseWith);
    return this.#answer;
  }

  /** Our imports. What throws here counts as a failure there: nothing may unwind C. */
  #imports() {
    const guard = (run) => (...words) => {
      try {
        return Number(run(...words));
      } catch {
        return 0;
      }
    };
    return {
      now: guard(() => this.#host.now()),
      random: guard((out, length) => !!randomFillSync(this.#bytes(out, length))),
      sha256: guard((data, length, out) => this.#put(out, createHash('sha256').update(this.#bytes(data, length)).digest())),
      public_key: guard((key, out) => this.#put(out, createPublicKey(this.#privateKey(key)).export({ format: 'der', type: 'spki' }).subarray(-32))),
      sign: guard((key, data, length, out) => this.#put(out, sign(null, this.#bytes(data, length), this.#privateKey(key)))),
      verify: guard((key, data, length, signature) => verify(null, this.#bytes(data, length), this.#publicKey(key), this.#bytes(signature, 64))),
      to_ascii: guard((host, length, out, size) => {
        const name = this.#bytes(host, length).toString();
        const ascii = Buffer.from(HOST_NAME.test(name) ? domainToASCII(name) : '');
        return ascii.length <= size && this.#put(out, ascii) && ascii.length;
      }),
      keep: guard((json, length, problem, size) => this.#keep(Buffer.from(this.#bytes(json, length)), problem, size)),
      answer: guard((status, ...pieces) => {
        const [headers, body, log] = [0, 2, 4].map((at) => Buffer.from(this.#bytes(pieces[at], pieces[at + 1])));
        this.#answer = { status, headers: headers.toString('latin1').split('\0').slice(0, -1), body, log: JSON.parse(log.toString()) };
      }),
    };
  }

  #keep(document, problem, size) {
    try {
      this.#host.keep(document);
      return true;
    } catch (error) {
      this.#put(problem, Buffer.concat([Buffer.from(error.message).subarray(0, size - 1), Buffer.of(0)]));
      return false;
    }
  }

  #privateKey(address) {
    return this.#key(address, PRIVATE_KEY_HEAD, (key) => createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
  }

  #publicKey(address) {
    return this.#key(address, PUBLIC_KEY_HEAD, (key) => createPublicKey({ key, format: 'der', type: 'spki' }));
  }

  #key(address, head, make) {
    const der = Buffer.concat([head, this.#bytes(address, 32)]);
    const name = der.toString('latin1');
    if (!this.#keys.has(name)) this.#keys.set(name, make(der));
    return this.#keys.get(name);
  }

  /** A view, until the memory grows: that is until C runs again. */
  #bytes(address, length) {
    return Buffer.from(this.#wasm.memory.buffer, address, length);
  }

  #put(address, piece) {
    this.#bytes(address, piece.length).set(piece);
    return true;
  }

  /** A string that ends with NUL; '' for NULL. */
  #text(address) {
    if (!address) return '';
    const all = Buffer.from(this.#wasm.memory.buffer, address);
    return all.toString('utf8', 0, all.indexOf(0));
  }

  /** Copies into memory that C frees, with a NUL behind it: [address, length without that NUL]. */
  #write(piece) {
    const address = this.#wasm.malloc(piece.length + 1);
    if (!address) throw new Error('out of memory');
    this.#put(address, Buffer.concat([piece, Buffer.of(0)]));
    return [address, piece.length];
  }
}
