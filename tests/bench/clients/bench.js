// Token clients side by side: one run, one server, one page, in Chromium. Prints a table and draws build/bench.svg.
// Exits with 1 if inbenta-auth misses one of its LIMITS. With --start it measures the first token only, of a
// hand-written fetch and of inbenta-auth.
//
// Clients that can only renew are handed an expired session with a refresh token: without one they would send the
// visitor to a login page.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { chromium } from '@playwright/test';
import { build } from 'esbuild';
import { CHROMIUM } from '../../support/browser.js';
import { grant, startApi } from './api.js';
import { listen, relay } from './net.js';
import { ratioOfPairs } from './pairs.js';
import { plot } from './plot.js';

const ROUND_TRIP_MS = 40;
const START_ONLY = process.argv.includes('--start');
const COLD_ROUNDS = START_ONLY ? 60 : 30; // each measures all in turn, so that what else the machine does meets all alike
const MEMORY_ROUNDS = 5;
const CALLERS = 100;
const BURST_MAX_MS = 40_000; // auth-js tries for 30 s
const CACHED_MS = 300;

const CONTENDERS = [
  { name: 'fetch', label: 'hand-written fetch', keepsNothing: true },
  { name: 'inbenta-auth', label: 'inbenta-auth', ours: true },
  { name: 'external', label: '… external', wasm: true, ours: true },
  { name: 'script-tag', label: '… script tag', ours: true },
  { name: 'keycloak-js', label: 'keycloak-js' },
  { name: 'app-check', label: 'firebase app-check' },
  { name: 'oidc-client-ts', label: 'oidc-client-ts' },
  { name: 'auth-js', label: '@supabase/auth-js' },
  { name: 'auth0-spa-js', label: 'auth0-spa-js' },
].filter(({ ours, keepsNothing }) => !START_ONLY || ours || keepsNothing);

/** Of ours. `of` names those that a limit is for, if not for all: a second file costs another round trip. */
const LIMITS = [
  {
    what: 'first token, in times of fetch',
    value: ({ cold }) => cold.median,
    most: 1.05,
    of: ['inbenta-auth', 'script-tag'],
  },
  { what: 'first token, in times of fetch', value: ({ cold }) => cold.median, most: 1.15, of: ['external'] },
  { what: 'cached getToken, ns', value: ({ cachedNs }) => cachedNs, most: 1000 },
  { what: 'requests for concurrent calls', value: ({ burst }) => burst?.requests, most: 1 },
  { what: 'wasm memory, KB', value: ({ wasmKb }) => wasmKb, most: 256 },
];

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const dist = (file) => readFile(path(`../../../dist/${file}`));
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** The minimal use of each, as a page would bundle it. */
async function bundle({ name }) {
  const { outputFiles } = await build({
    entryPoints: [path(`contenders/${name}.js`)],
    banner: name == 'script-tag' ? { js: `${await dist('inbenta-auth.min.js')}` } : {},
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    write: false,
  });
  return outputFiles[0].contents;
}

const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>bench</title>
<script type="module">import * as measures from '/page.js'; globalThis.measures = measures;</script>`;

/** Serves files by name; what has no suffix is a page. */
function startSite(files) {
  const types = { js: 'text/javascript', wasm: 'application/wasm' };
  return listen(
    createServer((request, response) => {
      const type = types[request.url.split('.').at(-1)] ?? 'text/html';
      response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(files[request.url.slice(1)]);
    }),
  );
}

/** Runs `use` on a page of its own; `run` calls one of page.js's measures there. */
async function onPage(context, { site, api }, name, use) {
  const page = await context.newPage();
  try {
    await page.goto(`http://127.0.0.1:${site.port}/${name}`);
    const endpoint = `http://127.0.0.1:${api.port}/${name}`;
    const contender = [name, endpoint, { session: grant(`${endpoint}/`) }];
    const run = (measure, ...given) =>
      page.evaluate(([measure, given]) => globalThis.measures[measure](...given), [measure, given]);
    return await use(run, contender, page);
  } finally {
    await page.close();
  }
}

/** The same in a fresh profile, as a private window has it. */
async function onFreshPage(browser, servers, name, use) {
  const context = await browser.newContext();
  try {
    return await onPage(context, servers, name, use);
  } finally {
    await context.close();
  }
}

/** Bytes that the page's JavaScript heap holds after a collection, and those of its WebAssembly memories. */
async function memory(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { result } = await session.send('Runtime.evaluate', { expression: 'WebAssembly.Memory.prototype' });
  const { objects } = await session.send('Runtime.queryObjects', { prototypeObjectId: result.objectId });
  const sum = 'function () { return this.reduce((bytes, memory) => bytes + memory.buffer.byteLength, 0); }';
  const wasm = await session.send('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: sum,
    returnByValue: true,
  });
  await session.detach();
  return { heap: usedSize, wasm: wasm.result.value };
}

/** Takes away what pages of this origin stored. */
async function forget(context, origin) {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  await page.close();
}

/**
 * In an ordinary window: a private one leaves out what pages ask for ahead, such as a preconnect. Nothing is
 * left of one contender for the next: no connection and no storage, and the servers let nothing be kept.
 */
async function measureCold(servers) {
  const profile = await mkdtemp(join(tmpdir(), 'inbenta-auth-bench-'));
  const context = await chromium.launchPersistentContext(profile, CHROMIUM);
  try {
    for (let round = 0; round < COLD_ROUNDS; round++)
      for (const { name, times } of CONTENDERS) {
        for (const server of Object.values(servers)) server.drop();
        await forget(context, `http://127.0.0.1:${servers.site.port}`);
        times.push(await onPage(context, servers, name, (run, contender) => run('cold', ...contender)));
      }
  } finally {
    await context.close();
    await rm(profile, { recursive: true });
  }
}

const measureCached = (browser, servers, name) =>
  onFreshPage(browser, servers, name, async (run, contender) => {
    await run('load', ...contender);
    return run('cached', CACHED_MS);
  });

/** Kilobytes that an idle client with a token holds. */
async function measureMemory(browser, servers, name) {
  const rounds = [];
  for (let round = 0; round < MEMORY_ROUNDS; round++)
    rounds.push(
      await onFreshPage(browser, servers, name, async (run, contender, page) => {
        const before = await memory(page);
        await run('cold', ...contender);
        const after = await memory(page);
        return { heap: after.heap - before.heap, wasm: after.wasm };
      }),
    );
  return {
    heapKb: median(rounds.map(({ heap }) => heap)) / 1024,
    wasmKb: median(rounds.map(({ wasm }) => wasm)) / 1024,
  };
}

/** All contenders at the same time: most of a burst is waiting. */
async function measureBursts(browser, servers, api, failing) {
  Object.assign(api, { failing, requests: {} });
  const one = ({ name }) =>
    onFreshPage(browser, servers, name, async (run, contender) => {
      await run('load', ...contender);
      return run('burst', CALLERS, BURST_MAX_MS);
    });
  const bursts = await Promise.all(CONTENDERS.map(one));
  api.failing = false;
  return bursts.map((burst, i) => ({ ...burst, requests: api.requests[CONTENDERS[i].name] }));
}

const api = await startApi();
const files = { 'page.js': await readFile(path('page.js')), 'inbenta-auth.wasm': await dist('inbenta-auth.wasm') };
for (const contender of CONTENDERS) {
  const code = (files[`${contender.name}.js`] = await bundle(contender));
  files[contender.name] = PAGE;
  const sent = contender.wasm ? [code, files['inbenta-auth.wasm']] : [code];
  contender.bytes = sent.reduce((sum, part) => sum + brotliCompressSync(part).length, 0);
  contender.times = [];
}
const site = await startSite(files);
const near = { site, api };
const far = { site: await relay(site.port, ROUND_TRIP_MS), api: await relay(api.port, ROUND_TRIP_MS) };
await measureCold(far);
for (const contender of CONTENDERS) {
  contender.coldMs = median(contender.times);
  contender.cold = ratioOfPairs(contender.times, CONTENDERS[0].times);
}
const browser = START_ONLY ? undefined : await chromium.launch(CHROMIUM);
try {
  for (const contender of CONTENDERS) {
    if (contender.keepsNothing || START_ONLY) continue;
    contender.cachedNs = await measureCached(browser, near, contender.name);
    Object.assign(contender, await measureMemory(browser, near, contender.name));
  }
  for (const failing of START_ONLY ? [] : [false, true])
    for (const [i, burst] of (await measureBursts(browser, near, api, failing)).entries())
      CONTENDERS[i][failing ? 'outage' : 'burst'] = burst;
} finally {
  await browser?.close();
  for (const server of [far.site, far.api, site, api]) server.close();
}

/** The columns of the table and the panels of the plot. */
const COLUMNS = [
  { head: 'bytes, brotli', value: ({ bytes }) => bytes, digits: 0 },
  { head: 'first token, ms', value: ({ coldMs }) => coldMs, digits: 0 },
  {
    head: 'of fetch (95 %)',
    show: ({ cold: { median, low, high } }) => `${median.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`,
    tableOnly: true,
  },
  { head: 'cached getToken, ns', value: ({ cachedNs }) => cachedNs, digits: 0 },
  { head: `requests, ${CALLERS} calls`, value: ({ burst }) => burst?.requests, digits: 0 },
  { head: 'the same, 503', value: ({ outage }) => outage?.requests, digits: 0 },
  { head: 'heap, KB', value: ({ heapKb }) => heapKb, digits: 0 },
  { head: 'wasm memory, KB', value: ({ wasmKb }) => wasmKb, digits: 0, tableOnly: true },
];

const shown = ({ value, digits, show = (contender) => value(contender)?.toFixed(digits) ?? '–' }, contender) =>
  show(contender);
const line = (cells) => `| ${cells.join(' | ')} |`;
console.log(line(['', ...COLUMNS.map(({ head }) => head)]));
console.log(line(['---', ...COLUMNS.map(() => '---:')]));
for (const contender of CONTENDERS)
  console.log(line([contender.label, ...COLUMNS.map((column) => shown(column, contender))]));
console.log(`
First token: from the script's last byte, ${ROUND_TRIP_MS} ms added to each round trip, median of ${COLD_ROUNDS}; in times of
fetch: the median of as many pairs. Memory: of an idle client, after a
collection, median of ${MEMORY_ROUNDS}. A hand-written fetch keeps no token, so it has none to return and no memory to measure.`);
for (const { label, burst, outage } of START_ONLY ? [] : CONTENDERS)
  if (burst.tokens < CALLERS || outage.errors < CALLERS)
    console.log(
      `${label}: ${burst.tokens} tokens of ${CALLERS} calls; under 503 ${outage.errors} errors within ${BURST_MAX_MS / 1000} s.`,
    );

if (!START_ONLY) {
  await mkdir(path('../../../build'), { recursive: true });
  await writeFile(
    path('../../../build/bench.svg'),
    plot(
      'Token clients side by side',
      CONTENDERS,
      COLUMNS.filter(({ tableOnly }) => !tableOnly),
    ),
  );
  console.log('\nThe plot is in build/bench.svg');
}

for (const ours of CONTENDERS.filter(({ ours }) => ours))
  for (const { what, value, most, of = [ours.name] } of LIMITS)
    if (of.includes(ours.name) && !(START_ONLY && value(ours) === undefined) && !(value(ours) <= most)) {
      console.log(`inbenta-auth (${ours.name}): ${what} is ${value(ours).toFixed(3)}, the limit ${most}`);
      process.exitCode = 1;
    }
