// The two Auth APIs of the demo's comparisons: one emulator for each client, both configured alike. Each emulator
// counts the requests of one client. The page controls them by routes of its own site.

import { startEmulator } from 'inbenta-auth/emulator';

const CLIENTS = ['ours', 'plain'];
const HOUR_S = 3600;
const BODY_MAX = 1000;

async function readJson(request) {
  let text = '';
  for await (const piece of request) if ((text += piece).length > BODY_MAX) throw new Error('The body is too long.');
  return JSON.parse(text);
}

/**
 * @param {string} origin of the demo page; only this page may use the routes
 * @returns {Promise<{origins: string[], routes: Record<string, import('node:http').RequestListener>, close: () => Promise<void>}>}
 *   `origins` of the two APIs, for the page's Content-Security-Policy; `routes` for serveSite
 */
export async function startComparison(origin) {
  const apis = {};
  for (const name of CLIENTS) apis[name] = await startEmulator({ domains: [origin] });
  const all = Object.values(apis);
  const onEach = async (make) =>
    Object.fromEntries(await Promise.all(CLIENTS.map(async (name) => [name, await make(apis[name])])));
  const keysOf = ({ endpoint, apiKey, domainKey }) => ({ endpoint, apiKey, domainKey });
  const set = (knobs) => all.forEach((api) => api.set(knobs));
  let run = 0; // only the page that started last may use the APIs

  const actions = {
    /** Starts both APIs anew. Answers the number of this run, which later calls must send, and the keys. */
    async start({ lifetimeS }) {
      for (const api of all) await api.reset();
      set({ lifetimeS });
      return { run: ++run, keys: await onEach(keysOf) };
    },
    outage: () => set({ status: 503 }),
    recover: () => set({ status: null }),
    sleep: () => set({ clockOffsetS: HOUR_S }),
    revoke: () => onEach((api) => api.revoke('domain-key', api.domainKeyId)),
    replace: () => onEach(async (api) => ({ ...keysOf(api), ...(await api.createDomainKey(api.apiKey, [origin])) })),
    /** The number of requests from each client. Preflights do not count: the browser sends them. */
    count: () => onEach(({ requests }) => requests.filter(({ method }) => method != 'OPTIONS').length),
  };

  const route = (name) => async (request, response) => {
    const answer = (status, body) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    if (request.method != 'POST' || request.headers.origin != origin)
      return answer(403, { problem: 'Only the demo page may do this.' });
    try {
      const body = await readJson(request);
      if (name != 'start' && body.run != run)
        return answer(409, { problem: 'Another page of this demo started a comparison.' });
      answer(200, (await actions[name](body)) ?? {});
    } catch ({ message }) {
      answer(400, { problem: message });
    }
  };

  return {
    origins: all.map(({ url }) => url),
    routes: Object.fromEntries(Object.keys(actions).map((name) => [`/do/${name}`, route(name)])),
    close: () => Promise.all(all.map((api) => api.close())),
  };
}
