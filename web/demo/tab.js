// A tab of a comparison: a frame of the demo with both clients in it. comparisons.js calls `window.tab`.

import { createFromDomainKey } from './dist/inbenta-auth.js';
import { PlainClient } from './plain.js';

const HOUR_MS = 3_600_000;
const INTERVAL_MS = 1000;

let clients = {};

/** The number of answered calls of each client, and the code of the last error of `ours`. */
const answered = { ours: 0, plain: 0 };
let lastError = '';

async function getToken(name) {
  try {
    // A disposed plain client returns ''.
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

  /** Replaces both clients by new ones with these keys. */
  open({ ours, plain }) {
    for (const client of Object.values(clients)) client.dispose();
    const { domainKey, apiKey, endpoint } = ours;
    clients = { ours: createFromDomainKey(domainKey, apiKey, { endpoint }), plain: new PlainClient(plain) };
  },

  /** Calls each client this many times at once. Resolves when all calls have completed. */
  async getTokens(callers = 1) {
    await Promise.all(Array.from({ length: callers }, () => Promise.all([getToken('ours'), getToken('plain')])));
  },

  /** From now on, calls each client again one second after each answer. */
  keepGettingTokens() {
    for (const name of ['ours', 'plain'])
      (async () => {
        for (;;) {
          await getToken(name);
          await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
        }
      })();
  },

  /** Simulates that the machine slept for an hour: the clock moves, and timers do not run. */
  sleepAnHour() {
    const now = Date.now;
    Date.now = () => now() + HOUR_MS;
  },
};
