// Gets the WebAssembly module: from the file beside the script, or from what the page passes as `wasm`.
// Every way in which that fails has its own AuthError.

import defaultWasm from '#default-wasm';
import { AuthError } from './errors.js';

/** The smallest module there is. If even this one is refused, it is the page's policy. */
const EMPTY = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);

/** Compiled modules by URL or bytes: clients of one page share the code, never the memory. */
const compiled = new Map();

async function read(source, timeoutMs) {
  if (typeof source != 'string' && !(source instanceof URL)) return source;
  const answer = await fetch(source, { signal: AbortSignal.timeout(timeoutMs), credentials: 'same-origin' });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.arrayBuffer();
}

/** The AuthError for a module that did not start. A policy stops Chromium and Firefox at compiling, WebKit at the instance. */
export function wasmError(cause) {
  let code = 'wasm_unavailable';
  try {
    new WebAssembly.Instance(new WebAssembly.Module(EMPTY));
  } catch {
    if (globalThis.WebAssembly) code = 'wasm_blocked_by_csp';
  }
  return new AuthError(code, { cause });
}

async function compile(source, timeoutMs) {
  try {
    return await WebAssembly.compile(await read(source, timeoutMs));
  } catch (cause) {
    throw wasmError(cause);
  }
}

/**
 * @param {string | URL | BufferSource | WebAssembly.Module | undefined} source
 * @param {number} timeoutMs
 * @returns {Promise<WebAssembly.Module>}
 */
export async function loadModule(source = defaultWasm(), timeoutMs) {
  if (globalThis.WebAssembly && source instanceof WebAssembly.Module) return source;
  const key = source instanceof URL ? source.href : source;
  if (!compiled.has(key)) compiled.set(key, compile(source, timeoutMs));
  try {
    return await compiled.get(key);
  } catch (error) {
    compiled.delete(key); // the next call tries again
    throw error;
  }
}
