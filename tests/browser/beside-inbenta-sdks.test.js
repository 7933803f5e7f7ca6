// The examples of docs/beside-inbenta-sdks.md run in a page. They pass our tokens to a stand-in for Inbenta's SDK.

import { readFile } from 'node:fs/promises';
import { startEmulator } from 'inbenta-auth/emulator';
import { serveSite, strictPolicy } from '../support/site.js';
import { expect, test as base } from './fixture.js';

const project = (path) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const EXAMPLES = [...(await project('docs/beside-inbenta-sdks.md')).matchAll(/^```js\n([^]*?)^```/gm)].map(
  ([, code]) => code,
);
const OURS = '<script src="/dist/inbenta-auth.min.js"></script>';

/** A customer's page with these scripts in this order. The emulator's keys replace those of the example. */
const test = base.extend({
  open: async ({ page }, use) => {
    const opened = [];
    await use(async ({ scripts, example = '', personality = 'gateway' }) => {
      const files = {
        '/index.html': `<!doctype html><meta charset="utf-8"><title>A customer</title>${scripts.join('')}`,
        '/inbenta-chatbot-sdk.js': await project('tests/support/inbenta-chatbot-sdk.js'),
      };
      const site = await serveSite({
        root: 'tests/browser/pages',
        policy: () => strictPolicy('http://127.0.0.1:*'),
        files,
      });
      const emulator = await startEmulator({
        domains: [site.origin],
        apis: { chatbot: 'https://api.example/prod/chatbot' },
        personality,
      });
      opened.push(site, emulator);
      files['/example.js'] = example
        .replaceAll('API KEY', emulator.apiKey)
        .replace("'DOMAIN KEY', apiKey", `'${emulator.domainKey}', apiKey, { endpoint: '${emulator.endpoint}' }`);
      files['/customer.js'] =
        `const InbentaAuth = InbentaChatbotSDK.createFromAccessToken('a-token-of-the-customer', '${emulator.apiKey}');`;
      await page.goto(site.origin);
      return { site, emulator };
    });
    for (const one of opened) await one.close();
  },
});

const given = (page) => page.evaluate(() => InbentaChatbotSDK.given);
/** Gets the first token and two new ones. */
const refreshTwice = (page) =>
  page.evaluate(async () => {
    await client.getToken();
    for (let i = 0; i < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1100)); // two refreshes are at least a second apart
      await client.getToken({ forceRefresh: true });
    }
  });
const names = (calls) => calls.map(([name]) => name);
const scriptOf = (name) => `<script src="/${name}.js"></script>`;

for (const personality of ['authd', 'gateway']) {
  test(`each token reaches createFromAccessToken, and the chatbot is built once (${personality})`, async ({
    page,
    open,
  }) => {
    await open({
      personality,
      example: `var authorization, chatbot;\n${EXAMPLES[0]}`,
      scripts: [scriptOf('inbenta-chatbot-sdk'), OURS, scriptOf('example')],
    });
    await refreshTwice(page);
    const calls = await given(page);
    expect(names(calls).slice(0, 3)).toEqual(['createFromAccessToken', 'build', 'createFromAccessToken']);
    expect(names(calls).filter((name) => name == 'build')).toHaveLength(1);
    const tokens = calls.filter(([name]) => name == 'createFromAccessToken').map(([, token]) => token);
    expect(new Set(tokens).size).toBe(3);
    expect(await page.evaluate(() => authorization.accessToken == client.token.accessToken)).toBe(true);
    await page.evaluate(() => globalThis.rebuildChatbot());
    expect((await given(page)).at(-1)).toEqual(['build', tokens.at(-1)]);
  });

  test(`each token reaches apiClient, as an answer of /auth (${personality})`, async ({ page, open }) => {
    const { emulator } = await open({
      personality,
      example: `var chatbotApi;\n${EXAMPLES[1]}`,
      scripts: [scriptOf('inbenta-chatbot-sdk'), OURS, scriptOf('example')],
    });
    await refreshTwice(page);
    const calls = await given(page);
    expect(new Set(names(calls))).toEqual(new Set(['apiClient']));
    expect(calls).toHaveLength(3);
    expect(new Set(calls.map(([, token]) => token)).size).toBe(3);
    expect(await page.evaluate(async () => 'api' in (await chatbotApi))).toBe(true);
    expect(emulator.requests.filter(({ path, method }) => path == '/v1/auth' && method == 'POST')).toHaveLength(1);
  });
}

for (const [order, scripts] of [
  ['after', [scriptOf('inbenta-chatbot-sdk'), scriptOf('customer'), OURS]],
  ['before', [OURS, scriptOf('inbenta-chatbot-sdk'), scriptOf('customer')]],
])
  test(`our tag ${order} a customer's "const InbentaAuth": both work`, async ({ page, open }) => {
    const errors = [];
    page.on?.('pageerror', (error) => errors.push(error.message));
    const { emulator } = await open({ scripts });
    const token = await page.evaluate(
      ([domainKey, apiKey, endpoint]) => InbentaAuthSDK.createFromDomainKey(domainKey, apiKey, { endpoint }).getToken(),
      [emulator.domainKey, emulator.apiKey, emulator.endpoint],
    );
    expect(token.accessToken.split('.')).toHaveLength(3);
    expect(await page.evaluate(() => InbentaAuth.accessToken)).toBe('a-token-of-the-customer');
    expect(errors).toEqual([]);
  });
