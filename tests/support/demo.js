// `./run demo`: the whole way on real parts. Starts the local Auth API, the demo page on an origin that is on
// the domain key's list and on one that is not, opens both in headless Chromium and says what happened.
//
// --once exits then, non-zero if any step failed, and also revokes the key and watches the page find out.
// --screenshot FILE keeps a picture of the page.

import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { Authd } from './authd.js';
import { CHROMIUM } from './browser.js';
import { serveSite, strictPolicy } from './site.js';

const LIFETIME_S = 20; // short, so that a refresh is seen
const PORTS = { api: 8080, allowed: 8081, refused: 8082 };

const { values: options } = parseArgs({ options: { once: { type: 'boolean' }, screenshot: { type: 'string' } } });
let failed = 0;

function report(ok, what, detail) {
  if (!ok) failed++;
  console.log(`${ok ? '  ok  ' : ' FAIL '} ${what.padEnd(34)} ${detail}`);
}

/** A token is never printed; this names it. */
const fingerprint = (token) => `token #${createHash('sha256').update(token).digest('hex').slice(0, 8)}`;

const authd = await Authd.create();
const apiKey = await authd.createApiKey('demo');

// Sites first: the key's list names their ports.
const files = {};
const frames = { allowed: "'none'", refused: "'none'" };
let endpoint;
const site = (name) =>
  serveSite({
    root: 'web/demo',
    files: (files[name] = {}),
    policy: () => strictPolicy(new URL(endpoint).origin, { frames: frames[name] }),
    port: PORTS[name],
  });
const allowed = await site('allowed');
const refused = await site('refused');
const { domainKey, id: domainKeyId } = await authd.createDomainKey(apiKey, [allowed.origin]);
endpoint = await authd.serve({ lifetimeS: LIFETIME_S, port: PORTS.api, apis: { chatbot: 'https://chatbot.example' } });
frames.allowed = refused.origin;
files.refused['/config.json'] = JSON.stringify({ domainKey, apiKey, endpoint });
files.allowed['/config.json'] = JSON.stringify({ domainKey, apiKey, endpoint, refusedSite: `${refused.origin}/` });

async function close() {
  await Promise.all([authd.remove(), allowed.close(), refused.close()]);
}

/** Collects what the browser itself says about each request to the Auth API. */
async function watchNetwork(page) {
  const seen = [];
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const byId = new Map();
  const entry = (id) => byId.get(id) ?? byId.set(id, {}).get(id);
  session.on('Network.requestWillBeSent', ({ requestId, request, type, initiator }) => {
    if (request.method != 'POST') return;
    const frames = initiator.stack?.callFrames ?? [];
    seen.push(Object.assign(entry(requestId), { url: request.url, type, wasmFrames: frames.filter((frame) => frame.url.startsWith('wasm:')).length }));
  });
  session.on('Network.requestWillBeSentExtraInfo', ({ requestId, headers }) => Object.assign(entry(requestId), { origin: headers.Origin ?? headers.origin }));
  session.on('Network.responseReceived', ({ requestId, response }) => Object.assign(entry(requestId), { status: response.status }));
  return seen;
}

async function visit(browser, origin) {
  const page = await browser.newPage({ viewport: { width: 1180, height: 1010 }, deviceScaleFactor: 1 });
  const network = await watchNetwork(page);
  await page.goto(`${origin}/`);
  return { page, network };
}

const shows = (page, text, timeout = 15_000) => page.locator('#log').getByText(text).first().waitFor({ timeout });

/** Reads the token from the page, and hides it again. */
async function current(page) {
  await page.locator('#show').click();
  const token = await page.locator('#token').textContent();
  await page.locator('#show').click();
  return token;
}

/** Runs one step; what it throws is what went wrong. */
async function step(what, run) {
  try {
    report(true, what, await run());
  } catch (error) {
    report(false, what, error.message.split('\n')[0]);
  }
}

function expect(condition, otherwise) {
  if (!condition) throw new Error(otherwise);
}

const browser = await chromium.launch(CHROMIUM);
console.log(`Auth API ${endpoint}, tokens live ${LIFETIME_S} s\n`);

const good = await visit(browser, allowed.origin);
let first;
await step(`allowed ${allowed.origin}`, async () => {
  await shows(good.page, 'Token obtained');
  first = await current(good.page);
  return `${fingerprint(first)} obtained`;
});
await step('  … from WebAssembly', async () => {
  const [auth] = good.network;
  expect(auth.status == 200, `HTTP ${auth.status}`);
  expect(auth.type == 'Fetch' && auth.wasmFrames > 0, 'the request did not come from emscripten_fetch');
  expect(auth.origin == allowed.origin, `the browser sent Origin ${auth.origin}`);
  return `POST ${new URL(auth.url).pathname} by emscripten_fetch (${auth.type}, ${auth.wasmFrames} wasm frames), Origin ${auth.origin}`;
});

const bad = await visit(browser, refused.origin);
await step(`refused ${refused.origin}`, async () => {
  await shows(bad.page, 'origin_not_allowed');
  const [auth] = bad.network;
  expect(auth.status == 403 && auth.origin == refused.origin, `HTTP ${auth.status}, Origin ${auth.origin}`);
  return `HTTP ${auth.status} origin_not_allowed: ${await bad.page.locator('#hint').textContent()}`;
});

await step('outside a browser, without Origin', async () => {
  const answer = await fetch(`${endpoint}/auth`, {
    method: 'POST',
    headers: { 'x-inbenta-key': apiKey, 'Content-Type': 'application/json' },
    body: JSON.stringify({ domainKey }),
  });
  const { error } = await answer.json();
  expect(answer.status == 403, `HTTP ${answer.status}`);
  return `HTTP ${answer.status} ${error.reason}: ${error.message}`;
});

await step(`allowed ${allowed.origin}`, async () => {
  await shows(good.page, 'Token refreshed', LIFETIME_S * 1000);
  const second = await current(good.page);
  expect(second != first, 'the token is the same');
  const refresh = good.network.at(-1);
  expect(refresh.url.endsWith('/refreshToken') && refresh.status == 200, `${refresh.url} HTTP ${refresh.status}`);
  return `${fingerprint(second)} by /refreshToken, before the first one expired`;
});

if (options.screenshot) {
  await good.page.waitForTimeout(4000); // so that the ring has run a part of its way
  await good.page.screenshot({ path: options.screenshot });
}

if (options.once) {
  await step('key revoked by inbenta-authd', async () => {
    await authd.command('domain-key', 'revoke', domainKeyId);
    await shows(good.page, 'key_revoked', LIFETIME_S * 1000);
    expect((await good.page.locator('#state').textContent()) == 'key_revoked', 'the page does not show it');
    return `the next refresh failed; the page says: ${await good.page.locator('#hint').textContent()}`;
  });
}

await browser.close();
console.log(failed ? `\n${failed} step(s) failed` : '\nall steps passed');
if (options.once || failed) {
  await close();
  process.exit(failed ? 1 : 0);
}

console.log(`
Still serving; stop with Ctrl-C.
  the demo          ${allowed.origin}/
  a refused origin  ${refused.origin}/
  revoke the key    build/native/src/authd/inbenta-authd domain-key revoke ${domainKeyId} --db ${authd.db}`);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, async () => {
    await close();
    process.exit(0);
  });
