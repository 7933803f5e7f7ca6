// Compiles the WebAssembly module. The AuthError of a failure names its reason.

import { AuthError } from './errors.js';
import { withTimeout } from './timers.js';

/** The smallest module. If even this one is refused, the page's policy forbids WebAssembly. */
const EMPTY_MODULE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

/** Compiled modules, by their URL or bytes. Clients of a page share the code, never the memory. */
const byUrl = new Map();
const byBytes = new WeakMap();

async function compile(source, timeoutMs) {
  if (typeof source != 'string') return WebAssembly.compile(source);
  return withTimeout(timeoutMs, async (signal) => {
    const answer = await fetch(source, { __proto__: null, signal, credentials: 'same-origin' });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const bytes = await answer.arrayBuffer(); // no `await` in a call of compile: Next's edge runtime wraps that call
    return WebAssembly.compile(bytes);
  });
}

/** All supported browsers have these, but Lockdown Mode disables WebAssembly, and test environments may lack others. */
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

/**
 * The AuthError for a module that did not start. A policy stops Chromium and Firefox at compilation, WebKit at the
 * instance.
 */
export function wasmError(cause, source) {
  try {
    new WebAssembly.Instance(new WebAssembly.Module(EMPTY_MODULE));
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

/**
 * @param {string | BufferSource | WebAssembly.Module} source
 * @param {number} timeoutMs
 * @returns {Promise<WebAssembly.Module>}
 */
export async function loadModule(source, timeoutMs) {
  if (source instanceof WebAssembly.Module) return source;
  const compiled = typeof source == 'string' ? byUrl : byBytes;
  if (!compiled.has(source)) compiled.set(source, compile(source, timeoutMs));
  try {
    return await compiled.get(source);
  } catch (error) {
    compiled.delete(source); // the next call tries again
    throw error;
  }
}
