// A tab of a comparison: a frame of the demo with both clients in it. comparisons.js calls `window.tab`.

import { createFromDomainKey } from './dist/inbenta-auth.js';
import { PlainClient } from './plain.js';

const HOUR_MS = 3_600_000;
const PAUSE_MS = 1000;

let clients = {};

/** Calls answered by each client, and the code of the last error that `ours` gave. */
const answered = { ours: 0, plain: 0 };
let lastError = '';

async function ask(name) {
  try {
    // A plain client that was disposed gives no token.
    if (await clients[name].getToken()) answered[name]++;
  } catch (error) {
    lastError = error.code;
  }
}

window.tab = {
  answered,

  get lastError() {
    return lastError;
  },

  /** Makes both clients with these keys, in place of those that are there. */
  open({ ours, plain }) {
    for (const client of Object.values(clients)) client.dispose();
    const { domainKey, apiKey, endpoint } = ours;
    clients = { ours: createFromDomainKey(domainKey, apiKey, { endpoint }), plain: new PlainClient(plain) };
  },

  /** So many callers at once ask each client. Resolves when all have an answer. */
  async ask(callers = 1) {
    await Promise.all(Array.from({ length: callers }, () => Promise.all([ask('ours'), ask('plain')])));
  },

  /** From now on one caller asks each client, again one second after each answer. */
  keepAsking() {
    for (const name of ['ours', 'plain'])
      (async () => {
        for (;;) {
          await ask(name);
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        }
      })();
  },

  /** What a page finds after the machine slept for an hour: its timers did not run, and the clock moved on. */
  sleepAnHour() {
    const now = Date.now;
    Date.now = () => now() + HOUR_MS;
  },
};
