// `./run demo`: serves the demo (demo-site.js), opens it in headless Chromium on an allowed and on a refused origin,
// and prints the result of each step. Then it keeps serving.

import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { COMPARISONS } from '../../web/demo/comparisons.js';
import { CHROMIUM } from './browser.js';
import { serveDemo } from './demo-site.js';

const USAGE = `./run demo [--once] [--screenshot FILE]

Starts a local Auth API and the demo page, opens the page in headless Chromium and prints the results.
Then it keeps running, for your own browser. It uses ports 8080 to 8082, or others if these are in use.

  --once              also runs the five comparisons and revokes the page's key, then exits.
                      This takes 90 seconds. The exit status is 1 if a step failed.
  --screenshot FILE   runs the comparisons, then saves a picture of the page
  --help              prints this text
`;

const LIFETIME_S = 20; // short, so that the demo reaches a refresh
const COMPARISON_MAX_MS = 60_000;

/**
 * The most requests that this client may send in a comparison. 20 tabs: one request and one refresh; each may be sent
 * twice, if a tab is too busy to say that it has a token. 20 s of outage: the waits before the attempts are at least 0.5,
 * 1, 2, 4, 8 and 16 s; then there are the grants before and after it.
 */
const BOUNDS = { callers: 1, tabs: 4, sleep: 2, outage: 10, revoked: 6 };

let options;
try {
  ({ values: options } = parseArgs({
    options: { once: { type: 'boolean' }, screenshot: { type: 'string' }, help: { type: 'boolean' } },
  }));
} catch ({ message }) {
  console.error(`${message}\n\n${USAGE}`);
  process.exit(2);
}
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

let failed = 0;

function report(ok, what, detail) {
  if (!ok) failed++;
  console.log(`${ok ? '  ok  ' : ' FAIL '} ${what.padEnd(34)} ${detail}`);
}

/** Runs one step. If it throws, the step failed. */
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

/** Identifies a token in the output. The token itself is never printed. */
const fingerprint = (token) => `token #${createHash('sha256').update(token).digest('hex').slice(0, 8)}`;

/** Collects the browser's own record of each request from the page, without its frames, to the Auth API. */
async function watchNetwork(page, endpoint) {
  const seen = [];
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const { frameTree } = await session.send('Page.getFrameTree');
  const byId = new Map();
  const entry = (id) => byId.get(id) ?? byId.set(id, {}).get(id);
  session.on('Network.requestWillBeSent', ({ requestId, frameId, request, type, initiator }) => {
    if (request.method != 'POST' || frameId != frameTree.frame.id || !request.url.startsWith(endpoint)) return;
    const calls = initiator.stack?.callFrames ?? [];
    seen.push(
      Object.assign(entry(requestId), {
        url: request.url,
        type,
        wasmFrames: calls.filter(({ url: script }) => script.startsWith('wasm:')).length,
      }),
    );
  });
  session.on('Network.requestWillBeSentExtraInfo', ({ requestId, headers }) =>
    Object.assign(entry(requestId), { origin: headers.Origin ?? headers.origin }),
  );
  session.on('Network.responseReceived', ({ requestId, response }) =>
    Object.assign(entry(requestId), { status: response.status }),
  );
  return seen;
}

async function visit(browser, origin, endpoint) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, deviceScaleFactor: 1 });
  const network = await watchNetwork(page, endpoint);
  await page.goto(`${origin}/`);
  return { page, network };
}

const shows = (page, text, timeout = 15_000) => page.locator('#log').getByText(text).first().waitFor({ timeout });

/** Shows the token in the page, reads it and hides it again. */
async function current(page) {
  await page.locator('#show').click();
  const token = await page.locator('#token').textContent();
  await page.locator('#show').click();
  return token;
}

/** Runs a comparison with its button and returns the text of its card. */
async function compare(page, id) {
  const card = page.locator(`#${id}`);
  await card.getByRole('button').click();
  await page.locator(`#${id}:is([data-state=done], [data-state=failed])`).waitFor({ timeout: COMPARISON_MAX_MS });
  const outcome = await card.locator('.outcome').textContent();
  expect((await card.getAttribute('data-state')) == 'done', outcome);
  const [ours, plain] = await Promise.all(
    ['ours', 'plain'].map(async (name) =>
      Number(await card.locator(`[data-client=${name}] dd:not(.bar)`).textContent()),
    ),
  );
  expect(ours >= 1 && ours <= BOUNDS[id], `this client sent ${ours} requests; at most ${BOUNDS[id]} were expected`);
  expect(plain > ours, `this client sent ${ours} requests, the plain client ${plain}`);
  return `this client ${ours}, plain client ${plain}. ${outcome}`;
}

/** All steps of the demo. */
async function walk(browser, { authd, endpoint, apiKey, domainKey, domainKeyId, allowed, refused }) {
  const good = await visit(browser, allowed, endpoint);
  let first;
  await step(`allowed ${allowed}`, async () => {
    await shows(good.page, 'Token obtained');
    first = await current(good.page);
    return `${fingerprint(first)} obtained`;
  });
  await step('  … from WebAssembly', async () => {
    const [auth] = good.network;
    expect(auth.status == 200, `HTTP ${auth.status}`);
    expect(auth.type == 'Fetch' && auth.wasmFrames > 0, 'the request did not come from emscripten_fetch');
    expect(auth.origin == allowed, `the browser sent Origin ${auth.origin}`);
    return `POST ${new URL(auth.url).pathname} by emscripten_fetch (${auth.type}, ${auth.wasmFrames} wasm frames), Origin ${auth.origin}`;
  });

  const bad = await visit(browser, refused, endpoint);
  await step(`refused ${refused}`, async () => {
    await shows(bad.page, 'origin_not_allowed');
    const [auth] = bad.network;
    expect(auth.status == 403 && auth.origin == refused, `HTTP ${auth.status}, Origin ${auth.origin}`);
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

  await step(`allowed ${allowed}`, async () => {
    await shows(good.page, 'Token refreshed', LIFETIME_S * 1000);
    const second = await current(good.page);
    expect(second != first, 'the token is the same');
    const refresh = good.network.at(-1);
    expect(refresh.url.endsWith('/refreshToken') && refresh.status == 200, `${refresh.url} HTTP ${refresh.status}`);
    return `${fingerprint(second)} by /refreshToken, before the first one expired`;
  });

  if (options.once || options.screenshot) {
    console.log('\nRequests that arrived at the Auth API');
    for (const { id, title } of COMPARISONS) await step(title, () => compare(good.page, id));
    console.log();
  }

  if (options.screenshot) {
    await good.page.mouse.move(0, 0);
    await good.page.waitForTimeout(4000); // so that the ring has moved visibly
    await good.page.screenshot({ path: options.screenshot, fullPage: true });
  }

  if (options.once) {
    await step('key revoked by inbenta-authd', async () => {
      await authd.command('domain-key', 'revoke', domainKeyId);
      await shows(good.page, 'key_revoked', LIFETIME_S * 1000);
      expect((await good.page.locator('#state').textContent()) == 'key_revoked', 'the page does not show it');
      return `the next refresh failed; the page says: ${await good.page.locator('#hint').textContent()}`;
    });
  }
}

const demo = await serveDemo({ lifetimeS: LIFETIME_S, ports: { api: 8080, allowed: 8081, refused: 8082 } });
try {
  const browser = await chromium.launch(CHROMIUM);
  console.log(`Auth API ${demo.endpoint}, tokens live ${LIFETIME_S} s\n`);
  await walk(browser, demo);
  await browser.close();
} catch (error) {
  await demo.close();
  throw error;
}
console.log(failed ? `\n${failed} step(s) failed` : '\nall steps passed');
if (options.once || failed) {
  await demo.close();
  process.exit(failed ? 1 : 0);
}

console.log(`
Still running; press Ctrl-C to stop.
  the demo          ${demo.allowed}/
  a refused origin  ${demo.refused}/
  revoke the key    build/native/src/authd/inbenta-authd domain-key revoke ${demo.domainKeyId} --db ${demo.authd.db}`);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, async () => {
    await demo.close();
    process.exit(0);
  });
