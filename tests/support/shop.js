// A shop with the API Secret flow: its server has the secret, and its page gets tokens only.

import { createFromSecret, nodeTokenHandler } from 'inbenta-auth/server';
import { serveSite, strictPolicy } from './site.js';

/**
 * @param {object} options
 * @param {string} options.secret
 * @param {string} options.apiKey
 * @param {string} options.endpoint
 * @param {number} [options.port]
 * @returns {Promise<{origin: string, close: () => Promise<void>}>}
 */
export async function openShop({ secret, apiKey, endpoint, port }) {
  const client = createFromSecret(secret, apiKey, { endpoint });
  const site = await serveSite({
    root: 'web/hand-over',
    policy: () => strictPolicy(new URL(endpoint).origin),
    files: { '/config.json': JSON.stringify({ apiKey, endpoint }) },
    // Here every visitor may get a token. A real site checks the visitor's session.
    routes: {
      '/token': nodeTokenHandler(client, { authorize: (request) => request.headers.get('Origin') == site.origin }),
    },
    port,
  });
  return {
    origin: site.origin,
    close() {
      client.dispose();
      return site.close();
    },
  };
}
