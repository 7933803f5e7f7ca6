// One instance of the emulator's WebAssembly. Only this file knows its boundary (src/emulator/boundary.h).

import { Buffer } from 'node:buffer';
import { createHash, createPrivateKey, createPublicKey, randomFillSync, sign, verify } from 'node:crypto';
import { domainToASCII } from 'node:url';
import moduleText from '#wasm';
import { decode } from '../wasm-text.js';
import { libcImports } from './libc_imports.js';

const FLAG_ADMIN = 1;
const FLAG_BODY_TOO_LARGE = 2;

/** The knob `apis` as flags. */
const FLAGS_APIS = { missing: 4, empty: 8 };

/** The DER prefixes of a raw Ed25519 key (RFC 8410): PKCS #8 and SubjectPublicKeyInfo. */
const PRIVATE_KEY_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_KEY_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** Letters, digits, "_", "-", dots and non-ASCII. domainToASCII would read other characters as parts of a URL. */
const HOST_NAME = /^[\w.\-\u0080-\u{10ffff}]+$/u;

let module;

/**
 * @typedef {object} Host the functions that the core needs
 * @property {() => number} now Unix seconds
 * @property {(document: Buffer) => void} save stores all keys; throws if it cannot
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {string[]} headers name, value, …
 * @property {Buffer} body
 * @property {Record<string, unknown>} log the entry for the access log, without credentials
 */

export class EmulatorCore {
  #host;
  #wasm; // the exports
  #response;
  #keys = new Map(); // Node's key objects, by the raw key

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
    module ??= new WebAssembly.Module(decode(moduleText));
    this.#wasm = new WebAssembly.Instance(module, { ...libcImports(module, 'js'), js: this.#imports() }).exports;
    this.#wasm._initialize();
  }

  /** @returns {string} '' or the mistake in these settings as "option: advice" */
  configure({ apis, adminToken, userPersonalSecret, throttle, quota }) {
    const strings = this.#write(Buffer.from(`${[JSON.stringify(apis), adminToken, userPersonalSecret].join('\0')}\0`));
    return this.#text(
      this.#wasm.configure(...strings, throttle.requests, throttle.periodS, quota.requests, quota.periodS),
    );
  }

  /**
   * @param {Buffer | undefined} document the stored keys
   * @param {number} lifetimeS of new tokens
   * @returns {string} '' or the mistake in the document
   */
  open(document, lifetimeS) {
    if (document?.includes(0)) return 'not JSON';
    return this.#text(this.#wasm.open(...(document ? this.#write(document) : [0, 0]), lifetimeS));
  }

  /**
   * Answers a request. Throws if the WebAssembly failed; this instance must not be used again then.
   * @returns {Answer}
   */
  handle({
    method,
    path,
    rawHeaders,
    body,
    bodyTooLarge = false,
    admin = false,
    apis = '',
    lifetimeS,
    refuseWith = 0,
  }) {
    const head = Buffer.from([method, path, ...rawHeaders].map((text) => `${text}\0`).join(''), 'latin1');
    const flags = (admin && FLAG_ADMIN) | (bodyTooLarge && FLAG_BODY_TOO_LARGE) | FLAGS_APIS[apis];
    const [address] = this.#write(Buffer.concat([head, body]));
    this.#wasm.handle(address, head.length, body.length, flags, lifetimeS, refuseWith);
    return this.#response;
  }

  /** Our imports. An exception becomes 0, which C takes as a failure: an exception must not pass through C frames. */
  #imports() {
    const guard =
      (run) =>
      (...args) => {
        try {
          return Number(run(...args));
        } catch {
          return 0;
        }
      };
    return {
      now: guard(() => this.#host.now()),
      random: guard((out, length) => !!randomFillSync(this.#bytes(out, length))),
      sha256: guard((data, length, out) =>
        this.#put(out, createHash('sha256').update(this.#bytes(data, length)).digest()),
      ),
      public_key: guard((key, out) =>
        this.#put(out, createPublicKey(this.#privateKey(key)).export({ format: 'der', type: 'spki' }).subarray(-32)),
      ),
      sign: guard((key, data, length, out) =>
        this.#put(out, sign(null, this.#bytes(data, length), this.#privateKey(key))),
      ),
      verify: guard((key, data, length, signature) =>
        verify(null, this.#bytes(data, length), this.#publicKey(key), this.#bytes(signature, 64)),
      ),
      to_ascii: guard((host, length, out, size) => {
        const name = this.#bytes(host, length).toString();
        const ascii = Buffer.from(HOST_NAME.test(name) ? domainToASCII(name) : '');
        return ascii.length <= size && this.#put(out, ascii) && ascii.length;
      }),
      save: guard((json, length, problem, size) => this.#save(Buffer.from(this.#bytes(json, length)), problem, size)),
      respond: guard((status, ...pieces) => {
        const [headers, body, log] = [0, 2, 4].map((i) => Buffer.from(this.#bytes(pieces[i], pieces[i + 1])));
        this.#response = {
          status,
          headers: headers.toString('latin1').split('\0').slice(0, -1),
          body,
          log: JSON.parse(log.toString()),
        };
      }),
    };
  }

  #save(document, problem, size) {
    try {
      this.#host.save(document);
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

  /** A view of the memory. It is valid until C runs again, because C may grow the memory. */
  #bytes(address, length) {
    return Buffer.from(this.#wasm.memory.buffer, address, length);
  }

  #put(address, piece) {
    this.#bytes(address, piece.length).set(piece);
    return true;
  }

  /** The NUL-terminated string at this address; '' for NULL. */
  #text(address) {
    if (!address) return '';
    const all = Buffer.from(this.#wasm.memory.buffer, address);
    return all.toString('utf8', 0, all.indexOf(0));
  }

  /** Copies `piece` and a NUL into memory that C frees. Returns [address, length without the NUL]. */
  #write(piece) {
    const address = this.#wasm.malloc(piece.length + 1);
    if (!address) throw new Error('out of memory');
    this.#put(address, Buffer.concat([piece, Buffer.of(0)]));
    return [address, piece.length];
  }
}
