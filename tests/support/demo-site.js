// The servers of `./run demo`, for the runner and the tests: a local Auth API, the demo page on an allowed and on a
// refused origin, and the Auth APIs of the comparisons.

import { Authd } from './authd.js';
import { startComparison } from './demo-comparison.js';
import { serveSite, strictPolicy } from './site.js';

/**
 * @param {object} [options]
 * @param {number} [options.lifetimeS] of access tokens, in seconds
 * @param {{api?: number, allowed?: number, refused?: number}} [options.ports] a free port replaces one that is in use
 * @returns {Promise<{authd: Authd, endpoint: string, apiKey: string, domainKey: string, domainKeyId: string,
 *   allowed: string, refused: string, close: () => Promise<void>}>} `allowed` and `refused` are origins
 */
export async function serveDemo({ lifetimeS = 20, ports = {} } = {}) {
  const authd = await Authd.create();
  const apiKey = await authd.createApiKey('demo');

  // The sites start first: the domain key's list and the comparisons need their origins.
  const policies = {};
  const site = async (name) => {
    const files = {};
    const routes = {};
    const served = await serveSite({
      root: 'web/demo',
      files,
      routes,
      policy: () => policies[name],
      port: ports[name],
    });
    return { ...served, files, routes };
  };
  const allowed = await site('allowed');
  const refused = await site('refused');
  const comparison = await startComparison(allowed.origin);
  Object.assign(allowed.routes, comparison.routes);

  const { domainKey, id: domainKeyId } = await authd.createDomainKey(apiKey, [allowed.origin]);
  const endpoint = await authd.serve({
    lifetimeS,
    port: ports.api,
    apis: { chatbot: 'https://api.example/prod/chatbot/prod/chatbot' },
  });
  const api = new URL(endpoint).origin;
  policies.refused = strictPolicy(api);
  policies.allowed = strictPolicy([api, ...comparison.origins].join(' '), { frames: `'self' ${refused.origin}` });
  refused.files['/config.json'] = JSON.stringify({ domainKey, apiKey, endpoint });
  allowed.files['/config.json'] = JSON.stringify({ domainKey, apiKey, endpoint, refusedSite: `${refused.origin}/` });

  return {
    authd,
    endpoint,
    apiKey,
    domainKey,
    domainKeyId,
    allowed: allowed.origin,
    refused: refused.origin,
    close: () => Promise.all([authd.remove(), allowed.close(), refused.close(), comparison.close()]),
  };
}
