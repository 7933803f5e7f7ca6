// The client in workers: in a service worker, which has no document and no XMLHttpRequest, and in a web worker.

import { serveSite, strictPolicy } from '../support/site.js';
import { expect, grant, json, test } from './fixture.js';

// Without trusted-types: a page that uses them must allow the URL of its worker itself.
const POLICY = strictPolicy('http://127.0.0.1:*')
  .split('; ')
  .filter((directive) => !directive.includes('trusted-types'))
  .join('; ');

for (const kind of ['service worker', 'web worker'])
  test(`a ${kind} gets a token`, async ({ page, fake }) => {
    fake.answer = (response, request, n) => json(response, 200, grant(n));
    const site = await serveSite({ root: 'tests/browser/pages', policy: () => POLICY });
    try {
      await page.goto(site.origin);
      const token = await page.evaluate(
        async ([kind, endpoint]) => {
          const start = async () => {
            if (kind == 'web worker') return new Worker('/service-worker.js');
            const { active, waiting, installing } = await navigator.serviceWorker.register('/service-worker.js');
            return active ?? waiting ?? installing;
          };
          const { port1, port2 } = new MessageChannel();
          (await start()).postMessage({ endpoint }, [port2]);
          return new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
        },
        [kind, fake.endpoint],
      );
      expect(token).toBe('token-1');
      expect(fake.requests[0]).toMatchObject({ url: '/v1/auth', origin: site.origin });
    } finally {
      await site.close();
    }
  });
