// The comparisons of the demo page. Each one opens tabs (frames of this page, see tab.js) in which both clients do the
// same, and returns a sentence about the result. The two Auth APIs count the requests.

/**
 * @typedef {object} Stage the tools of a comparison
 * @property {(action: string) => Promise<void>} api changes both Auth APIs; see tests/support/demo-comparison.js
 * @property {(lifetimeS: number, count?: number) => Promise<any[]>} open starts both APIs anew, with tokens of this
 *   lifetime, and opens tabs, each with both clients
 * @property {() => Promise<{ours: number, plain: number}>} count counts the requests that arrived so far
 * @property {() => Promise<void>} replaceKeys makes a new domain key in each API and gives it to both clients
 * @property {(seconds: number) => Promise<void>} wait
 */

const CLIENTS = ['ours', 'plain'];

/** Waits until each client has answered another call. Returns the seconds that each client took. */
async function secondsToToken(tab, { wait }, limit = 30) {
  const before = { ...tab.answered };
  const start = performance.now();
  const taken = {};
  while (CLIENTS.some((name) => taken[name] === undefined)) {
    const seconds = (performance.now() - start) / 1000;
    if (seconds > limit)
      throw new Error(`A client still had no token ${limit} s after the Auth API was available again.`);
    for (const name of CLIENTS) if (tab.answered[name] > before[name]) taken[name] ??= seconds.toFixed(1);
    await wait(0.05);
  }
  return taken;
}

const requests = (count) => (count == 1 ? 'one request' : `${count} requests`);

function expectTokens(tabs, count) {
  for (const { answered } of tabs)
    for (const name of CLIENTS)
      if (answered[name] != count) throw new Error(`Only ${answered[name]} of ${count} calls got a token (${name}).`);
}

export const COMPARISONS = [
  {
    id: 'callers',
    title: '100 callers',
    about: 'A hundred parts of a page call getToken() at the same time.',
    seconds: 1,
    async run(stage) {
      const tabs = await stage.open(1200);
      await tabs[0].getTokens(100);
      expectTokens(tabs, 100);
      const { ours, plain } = await stage.count();
      return `All 100 calls got a token. This client sent ${requests(ours)} for all of them, the plain client sent ${plain}.`;
    },
  },
  {
    id: 'tabs',
    title: '20 tabs',
    about: 'Twenty tabs of one site open at the same time and stay open until their tokens have been refreshed.',
    seconds: 16,
    async run(stage) {
      const tabs = await stage.open(16, 20);
      await Promise.all(tabs.map((tab) => tab.getTokens()));
      expectTokens(tabs, 1);
      await stage.wait(13.5);
      const { ours, plain } = await stage.count();
      return `This client shares tokens between tabs: it sent ${requests(ours)} for all 20. The plain client obtains and refreshes a token in each tab: it sent ${requests(plain)}.`;
    },
  },
  {
    id: 'sleep',
    title: 'Asleep for an hour',
    about:
      'The machine wakes up, and five parts of the page call getToken(). You need not wait: the clocks of the frame and of both APIs are set one hour ahead.',
    seconds: 1,
    async run(stage) {
      const tabs = await stage.open(1200);
      await tabs[0].getTokens();
      const before = await stage.count();
      tabs[0].sleepAnHour();
      await stage.api('sleep');
      await tabs[0].getTokens(5);
      expectTokens(tabs, 6);
      const { ours, plain } = await stage.count();
      return `Both clients noticed that the token had expired. Then this client sent ${requests(ours - before.ours)} for all five callers, the plain client sent ${plain - before.plain}.`;
    },
  },
  {
    id: 'outage',
    title: 'Auth API down for 20 s',
    about: 'Both APIs answer 503 for 20 seconds. Tokens live 8 seconds, and one caller needs them all the time.',
    seconds: 27,
    async run(stage) {
      const [tab] = await stage.open(8);
      await tab.getTokens();
      tab.keepGettingTokens();
      await stage.api('outage');
      await stage.wait(20);
      const sent = await stage.count();
      await stage.api('recover');
      const { ours, plain } = await secondsToToken(tab, stage);
      await stage.wait(1.2);
      return `During the outage, this client sent ${requests(sent.ours)}, because it waits longer after each failure. The plain client retries every second and sent ${sent.plain}. After the outage, this client had a token within ${ours} s, the plain client within ${plain} s.`;
    },
  },
  {
    id: 'revoked',
    title: 'Key revoked and replaced',
    about:
      'The domain key is revoked while the page is open. Eight seconds after the refusal, the page gets a new key. Tokens live 8 seconds.',
    seconds: 16,
    async run(stage) {
      const [tab] = await stage.open(8);
      await tab.getTokens();
      tab.keepGettingTokens();
      await stage.api('revoke');
      for (let waited = 0; !tab.lastError && waited < 10; waited += 0.1) await stage.wait(0.1);
      if (!tab.lastError) throw new Error('The client did not notice that the key was revoked.');
      const code = tab.lastError;
      const before = await stage.count();
      await stage.wait(8);
      const after = await stage.count();
      await stage.replaceKeys();
      const { ours, plain } = await secondsToToken(tab, stage);
      await stage.wait(1.2);
      return `This client reported “${code}” to the page. In the next eight seconds it sent ${requests(after.ours - before.ours)}. The plain client treated the refusal as an outage and sent ${after.plain - before.plain}. With the new key, this client had a token within ${ours} s, the plain client within ${plain} s.`;
    },
  },
];
