// The emulator in test environments that replace or hide Node's globals, such as jsdom and happy-dom. It imports
// everything from node: modules.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { auth, ORIGIN, reasonOf, refresh, tokenOf } from '../../support/emulator.js';

const require = createRequire(import.meta.url);

/** Loads the CommonJS build as such environments do: in a separate global scope with these objects. */
async function load(globals = {}) {
  const context = createContext(globals);
  const module = { exports: {} };
  const code = await readFile(require.resolve('inbenta-auth/emulator'), 'utf8');
  runInContext(`(function (require, module, exports) {${code}\n})`, context)(require, module, module.exports);
  return module.exports;
}

/** Every global that belongs to Node and not to the language. Reading it throws. */
function hidden() {
  const language = new Set(runInContext('Object.getOwnPropertyNames(globalThis)', createContext({})));
  const globals = {};
  for (const name of Object.getOwnPropertyNames(globalThis).filter((one) => !language.has(one)))
    Object.defineProperty(globals, name, {
      enumerable: true,
      get: () => assert.fail(`${name} is the environment's, not Node's`),
    });
  return globals;
}

async function exercise({ startEmulator }) {
  const entries = [];
  const emulator = await startEmulator({
    domains: [ORIGIN],
    log: (entry) => entries.push(entry),
    throttle: { requests: 100, periodS: 60 },
  });
  const { accessToken } = await tokenOf(emulator);
  assert.equal((await refresh(emulator, accessToken)).status, 200);
  emulator.set({ latencyMs: 50, next: 1 });
  assert.equal((await auth(emulator)).status, 200);
  emulator.set({ latencyMs: 60_000 });
  const late = assert.rejects(auth(emulator));
  await new Promise((resolve) => setTimeout(resolve, 200));
  await emulator.reset();
  await emulator.setDomains(emulator.domainKeyId, ['bücher.example']);
  assert.equal(await reasonOf(await auth(emulator)), 'origin_not_allowed');
  assert.ok(entries.length >= 4);
  await emulator.close();
  await late;
}

test('the emulator works without any global of Node', async () => {
  const context = hidden();
  for (const name of ['process', 'Buffer', 'setTimeout', 'AbortController', 'performance', 'URL', 'fetch'])
    assert.throws(() => context[name], /environment's/);
  await exercise(await load(context));
});

test('the emulator works with a browser’s globals, which Node does not accept', async () => {
  class Foreign {
    signal = new EventTarget();
    abort() {}
    now = () => 0;
  }
  const nothing = () => 0;
  await exercise(
    await load({
      AbortController: Foreign,
      AbortSignal: Foreign,
      Event: Foreign,
      EventTarget: Foreign,
      URL: Foreign,
      performance: new Foreign(),
      setTimeout: nothing,
      clearTimeout: nothing,
      setInterval: nothing,
      queueMicrotask: nothing,
      TextEncoder: Foreign,
      TextDecoder: Foreign,
      fetch: nothing,
      document: {},
      navigator: {},
    }),
  );
});
