// Bundles worker.js as Wrangler does, runs it in workerd, and asks it three times. Prints the statuses and the number of requests.

import { build } from 'esbuild';
import { copyFile } from 'node:fs/promises';
import { startEmulator } from 'inbenta-auth/emulator';
import { Miniflare } from 'miniflare';

/** Wrangler leaves a module of WebAssembly beside the script. */
const wasmBeside = {
  name: 'wasm beside',
  setup(build) {
    build.onResolve({ filter: /\.wasm$/ }, async ({ path, pluginData, ...options }) => {
      if (pluginData == 'resolved') return undefined;
      const { path: file } = await build.resolve(path, { ...options, pluginData: 'resolved' });
      await copyFile(file, 'module.wasm');
      return { path: './module.wasm', external: true };
    });
  },
};

await build({
  entryPoints: ['worker.js'],
  bundle: true,
  format: 'esm',
  outfile: 'bundle.mjs',
  conditions: ['workerd', 'worker', 'browser'],
  plugins: [wasmBeside],
  logLevel: 'error',
});
const emulator = await startEmulator();
const workers = new Miniflare({
  modules: true,
  scriptPath: 'bundle.mjs',
  modulesRules: [{ type: 'CompiledWasm', include: ['**/*.wasm'] }],
  compatibilityDate: '2025-01-01',
  bindings: { INBENTA_SECRET: emulator.secret, INBENTA_API_KEY: emulator.apiKey, INBENTA_ENDPOINT: emulator.endpoint },
});
for (let i = 0; i < 3; i++) {
  const answer = await workers.dispatchFetch('http://shop.example/token', { method: 'POST' });
  console.log(answer.status, Object.keys(await answer.json()).join());
}
console.log(emulator.requests.map(({ path, status }) => `${path} ${status}`).join());
await workers.dispose();
await emulator.close();
