// Gets the WebAssembly module: from inside or beside the script, or from what the page passes as `wasm`. Every way in
// which that fails has its own AuthError, which says what it was.

import defaultWasm from '#default-wasm';
import { AuthError } from './errors.js';
import { withTimeout } from './timers.js';

/** The smallest module there is. If even this one is refused, it is the page's policy. */
const EMPTY = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

/** Compiled modules by where they come from: clients of one page share the code, never the memory. Bytes are held weakly. */
const byName = new Map();
const byBytes = new WeakMap();

/** For the one that comes with the script. */
const DEFAULT = {};

async function read(source, timeoutMs) {
  if (typeof source != 'string') return source;
  return withTimeout(timeoutMs, async (signal) => {
    const answer = await fetch(source, { signal, credentials: 'same-origin' });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer.arrayBuffer();
  });
}

/** What every supported browser has. Lockdown Mode switches WebAssembly off, and test environments lack some of the rest. */
const NEEDED = ['WebAssembly', 'TextEncoder', 'TextDecoder', 'fetch'];

/**
 * Checks that the core can run here.
 * @throws {AuthError} wasm_unavailable; the hint names what is missing
 */
export function checkEnvironment() {
  const missing = NEEDED.filter((name) => !globalThis[name]);
  if (missing[0])
    throw new AuthError('wasm_unavailable', {
      hint: `There is no ${missing.join(', no ')}. Lockdown Mode and test environments may lack it.`,
    });
}

/** The AuthError for a module that did not start. A policy stops Chromium and Firefox at compiling, WebKit at the instance. */
export function wasmError(cause, source) {
  try {
    new WebAssembly.Instance(new WebAssembly.Module(EMPTY));
  } catch {
    return new AuthError('wasm_blocked_by_csp', { cause });
  }
  if (cause instanceof RangeError)
    return new AuthError('wasm_unavailable', { cause, hint: 'There is no memory left: it takes 256 KB.' });
  const advice =
    typeof source == 'string'
      ? `Serve inbenta-auth.wasm at ${source}, and allow that in the connect-src of the CSP: `
      : '';
  return new AuthError('wasm_unavailable', { cause, hint: `${advice}${cause.message}.` });
}

async function compile(source, timeoutMs) {
  try {
    return await WebAssembly.compile(await read(source, timeoutMs));
  } catch (cause) {
    throw wasmError(cause, source);
  }
}

/**
 * @param {string | BufferSource | WebAssembly.Module | undefined} source
 * @param {number} timeoutMs
 * @returns {Promise<WebAssembly.Module>}
 */
export async function loadModule(source, timeoutMs) {
  if (source instanceof WebAssembly.Module) return source;
  const key = source ?? DEFAULT;
  const compiled = typeof key == 'string' ? byName : byBytes;
  if (!compiled.has(key)) compiled.set(key, compile(source ?? defaultWasm(), timeoutMs));
  try {
    return await compiled.get(key);
  } catch (error) {
    compiled.delete(key); // the next call tries again
    throw error;
  }
}
