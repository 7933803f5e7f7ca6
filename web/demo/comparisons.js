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
async function secondsToAnswer(tab, { wait }, limit = 30) {
  const before = { ...tab.answered };
  const start = performance.now();
  const took = {};
  while (CLIENTS.some((name) => took[name] === undefined)) {
    const seconds = (performance.now() - start) / 1000;
    if (seconds > limit) throw new Error(`A client had no token ${limit} s after the Auth API could give one.`);
    for (const name of CLIENTS) if (tab.answered[name] > before[name]) took[name] ??= seconds.toFixed(1);
    await wait(0.05);
  }
  return took;
}

const requests = (count) => (count == 1 ? 'one request' : `${count} requests`);

function expectAnswers(tabs, count) {
  for (const { answered } of tabs)
    for (const name of CLIENTS)
      if (answered[name] != count) throw new Error(`${answered[name]} of ${count} calls were answered (${name}).`);
}

export const COMPARISONS = [
  {
    id: 'callers',
    title: '100 callers',
    about: 'A hundred parts of a page ask for the token at the same moment.',
    seconds: 1,
    async run(stage) {
      const tabs = await stage.open(1200);
      await tabs[0].ask(100);
      expectAnswers(tabs, 100);
      const { ours, plain } = await stage.count();
      return `All 100 calls were answered. Here they shared ${requests(ours)}; the plain client sent ${plain}.`;
    },
  },
  {
    id: 'tabs',
    title: '20 tabs',
    about: 'Twenty tabs of one site open at once and stay open until their tokens were refreshed.',
    seconds: 16,
    async run(stage) {
      const tabs = await stage.open(16, 20);
      await Promise.all(tabs.map((tab) => tab.ask()));
      expectAnswers(tabs, 1);
      await stage.wait(13.5);
      const { ours, plain } = await stage.count();
      return `Here the tabs shared their tokens: ${requests(ours)} for all 20. With the plain client each tab asked and refreshed for itself: ${requests(plain)}.`;
    },
  },
  {
    id: 'sleep',
    title: 'Asleep for an hour',
    about:
      'The machine wakes up, and five parts of the page ask. You need not wait: the clocks of the frame and of both APIs are set an hour ahead.',
    seconds: 1,
    async run(stage) {
      const tabs = await stage.open(1200);
      await tabs[0].ask();
      const before = await stage.count();
      tabs[0].sleepAnHour();
      await stage.api('sleep');
      await tabs[0].ask(5);
      expectAnswers(tabs, 6);
      const { ours, plain } = await stage.count();
      return `Both noticed that their token had expired. After waking, this client sent ${requests(ours - before.ours)} for all five callers, the plain client ${plain - before.plain}.`;
    },
  },
  {
    id: 'outage',
    title: 'Auth API down for 20 s',
    about: 'Both APIs answer 503 for 20 seconds. Tokens live 8 seconds, and one caller needs them all the time.',
    seconds: 27,
    async run(stage) {
      const [tab] = await stage.open(8);
      await tab.ask();
      tab.keepAsking();
      await stage.api('outage');
      await stage.wait(20);
      const sent = await stage.count();
      await stage.api('recover');
      const { ours, plain } = await secondsToAnswer(tab, stage);
      await stage.wait(1.2);
      return `When the outage ended, this client had sent ${requests(sent.ours)}, because it waits longer after each failure; the plain client, which tries each second, ${sent.plain}. They had a token again after ${ours} s and ${plain} s.`;
    },
  },
  {
    id: 'revoked',
    title: 'Key revoked and replaced',
    about:
      'The domain key is revoked while the page is open. Eight seconds after the refusal, the page is given a new key. Tokens live 8 seconds.',
    seconds: 16,
    async run(stage) {
      const [tab] = await stage.open(8);
      await tab.ask();
      tab.keepAsking();
      await stage.api('revoke');
      for (let waited = 0; !tab.lastError && waited < 10; waited += 0.1) await stage.wait(0.1);
      if (!tab.lastError) throw new Error('The client did not notice that the key is revoked.');
      const code = tab.lastError;
      const before = await stage.count();
      await stage.wait(8);
      const after = await stage.count();
      await stage.replaceKeys();
      const { ours, plain } = await secondsToAnswer(tab, stage);
      await stage.wait(1.2);
      return `This client reported “${code}” to the page. In the next eight seconds it sent ${requests(after.ours - before.ours)}; the plain client took the refusal for an outage and sent ${after.plain - before.plain}. With the new key they had a token after ${ours} s and ${plain} s.`;
    },
  },
];
