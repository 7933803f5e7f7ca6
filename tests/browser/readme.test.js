// README.md in a page: its snippets and its Content-Security-Policy, taken from it, against the emulator as `inbenta-authd`
// answers and as production's gateway refuses, and against a product that checks both headers.

import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { build } from 'esbuild';
import { startEmulator } from '../../dist/emulator.cjs';
import { serveSite } from '../support/site.js';
import { snippetsIn } from '../support/snippets.js';
import { expect, test as base } from './fixture.js';

const root = new URL('../../', import.meta.url);
const read = (file) => readFile(new URL(file, root), 'utf8');
const README = await read('README.md');

/** The one snippet of a language that has this text. */
function snippet(language, text, document = README) {
  const found = snippetsIn(document).filter((one) => one.language == language && one.code.includes(text));
  if (found.length != 1) throw new Error(`${found.length} ${language} snippets have "${text}"`);
  return found[0].code;
}

const SNIPPETS = {
  html: snippet('html', 'data-domain-key'),
  shop: snippet('js', '// shop.js'),
  policy: snippet('http', 'Content-Security-Policy'),
  npm: snippet('js', "createFromDomainKey('DOMAIN KEY', 'API KEY', { endpoint:"),
  server: snippet('js', 'nodeTokenHandler'),
  page: snippet('js', "tokenFrom('/token')", await read('docs/server-side.md')),
  pageWithTag: snippet('js', 'InbentaAuthSDK', await read('docs/server-side.md')),
};

const ENDPOINT = 'https://api.inbenta.io/v1';
const PRODUCTS = 'https://*.inbenta.io';

/** A product behind production's gateway: it asks the Auth API whether a token is good, and knows one path. */
async function serveProduct(isGood) {
  const server = createServer(async (request, response) => {
    const { origin = '*' } = request.headers;
    response
      .setHeader('Access-Control-Allow-Origin', origin)
      .setHeader('Access-Control-Allow-Headers', 'x-inbenta-key, authorization');
    if (request.method == 'OPTIONS') return response.writeHead(204).end();
    const refuse = (body) => response.writeHead(403, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    if (request.url != '/prod/chatbot/v1/conversation') return refuse({ message: 'Missing Authentication Token' });
    if (!(await isGood(request.headers)))
      return refuse({ Message: 'User is not authorized to access this resource with an explicit deny' });
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"sessionId": "1"}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}

const test = base.extend({
  /** Opens a site with these files, an emulator and a product. In the files, README's placeholders become what the emulator has. */
  open: async ({ page }, use) => {
    const opened = [];
    await use(async ({ personality, files, routes = {}, path = '/' }) => {
      const served = {};
      const policy = /^Content-Security-Policy: (.*)$/m.exec(SNIPPETS.policy)[1];
      const site = await serveSite({
        root: 'tests/browser/pages',
        files: served,
        routes,
        policy: () => policy.replace(PRODUCTS, `${new URL(emulator.endpoint).origin} ${product.origin}`),
      });
      const product = await serveProduct(async ({ 'x-inbenta-key': key = '', authorization = '', origin }) => {
        const answer = await fetch(`${emulator.endpoint}/apis`, {
          headers: { 'x-inbenta-key': key, Authorization: authorization, ...(origin && { Origin: origin }) },
        });
        return answer.status == 200;
      });
      const emulator = await startEmulator({
        domains: [site.origin],
        personality,
        apis: { chatbot: `${product.origin}/prod/chatbot` },
      });
      opened.push(site, product, emulator);
      const fill = (text) =>
        text
          .replaceAll('DOMAIN KEY', emulator.domainKey)
          .replaceAll('API KEY', emulator.apiKey)
          .replaceAll(ENDPOINT, emulator.endpoint);
      for (const [name, text] of Object.entries(await files({ fill, emulator, opened }))) served[name] = text;
      await page.goto(site.origin + path);
      return { site, emulator };
    });
    for (const one of opened) await one.close();
  },
});

/** An npm snippet as a bundler makes it a page's script. */
async function bundle(code) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: new URL('.', root).pathname },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    alias: { 'inbenta-auth': new URL('dist/inbenta-auth.js', root).pathname },
    write: false,
  });
  return outputFiles[0].text;
}

const PAGE = '<!doctype html><meta charset="utf-8"><title>A page</title><script type="module" src="/main.js"></script>';

test('every snippet of README for a page or a server is here; tests/docs runs the one for tests', () => {
  const shown = snippetsIn(README).filter(({ language, code }) => language != 'sh' && !code.includes('startEmulator'));
  for (const { code } of shown) expect(Object.values(SNIPPETS)).toContain(code);
  expect(shown).toHaveLength(Object.keys(SNIPPETS).length - 2); // the page's half of a server is in another document
});

for (const personality of ['authd', 'gateway']) {
  test(`the script tag, its script and the policy (${personality})`, async ({ page, open }) => {
    const errors = [];
    page.on?.('pageerror', (error) => errors.push(error.message));
    const { emulator } = await open({
      personality,
      files: async ({ fill }) => ({
        '/index.html': fill(SNIPPETS.html),
        '/shop.js': SNIPPETS.shop,
        '/inbenta-auth.min.js': await read('dist/inbenta-auth.min.js'),
      }),
    });
    await expect.poll(() => page.evaluate(() => document.body.textContent.trim())).toBe('The chatbot is ready.');
    expect(errors).toEqual([]);
    expect(
      emulator.requests
        .filter(({ path, method }) => path == '/v1/auth' && method == 'POST')
        .map(({ status }) => status),
    ).toEqual([200]);
  });

  test(`what "It does not work" names: a path without a version, another origin, an endpoint without /v1 (${personality})`, async ({
    page,
    open,
  }) => {
    const { emulator } = await open({
      personality,
      files: async ({ fill }) => ({
        '/index.html': fill(SNIPPETS.html),
        '/shop.js': SNIPPETS.shop.replace('/v1/conversation', '/conversation'),
        '/inbenta-auth.min.js': await read('dist/inbenta-auth.min.js'),
      }),
    });
    await expect.poll(() => page.evaluate(() => document.body.textContent.trim())).toBe('The chatbot answered 403.');
    await emulator.setDomains(emulator.domainKeyId, ['https://other.example']);
    const code = (endpoint) =>
      page.evaluate(
        ([domainKey, apiKey, endpoint]) =>
          InbentaAuthSDK.createFromDomainKey(domainKey, apiKey, { endpoint, shareAcrossTabs: false })
            .getToken()
            .then(
              () => 'a token',
              (error) => error.code,
            ),
        [emulator.domainKey, emulator.apiKey, endpoint],
      );
    expect(await code(emulator.endpoint)).toBe(
      personality == 'gateway' ? 'credentials_rejected' : 'origin_not_allowed',
    );
    expect(await code(emulator.url)).toBe(personality == 'gateway' ? 'endpoint_refused' : 'bad_response');
  });

  test(`with npm (${personality})`, async ({ page, open }) => {
    await open({
      personality,
      files: async ({ fill }) => ({
        '/index.html': PAGE,
        '/main.js': await bundle(
          `${fill(SNIPPETS.npm)}\nwindow.result = [accessToken.split('.').length, Object.keys(apis)];`,
        ),
      }),
    });
    await expect.poll(() => page.evaluate(() => window.result)).toEqual([3, ['chatbot']]);
  });

  test(`on a server: its half from README, the page's half from docs/server-side.md (${personality})`, async ({
    page,
    open,
  }) => {
    const port = await freePort();
    // Page and server have one origin, as behind any proxy.
    const proxy = (request, response) =>
      request.pipe(
        httpRequest(
          { port, host: '127.0.0.1', path: request.url, method: request.method, headers: request.headers },
          (answer) => (response.writeHead(answer.statusCode, answer.headers), answer.pipe(response)),
        ),
      );
    const login = (request, response) => response.writeHead(303, { 'Set-Cookie': 'session=1', Location: '/' }).end();
    const { site } = await open({
      personality,
      path: '/login',
      routes: { '/token': proxy, '/login': login },
      async files({ fill, emulator, opened }) {
        const folder = new URL('build/docs/', root); // inside the package, so that it is found by its name
        await mkdir(folder, { recursive: true });
        const file = new URL(`server-${process.pid}-${port}.mjs`, folder);
        const isLoggedIn = "const isLoggedIn = async (cookie) => cookie == 'session=1';";
        await writeFile(
          file,
          `${isLoggedIn}\n${fill(SNIPPETS.server).replace('listen(3000)', `listen(${port}, '127.0.0.1', () => console.log('listening'))`)}`,
        );
        const child = spawn(process.execPath, [file.pathname], {
          env: { ...process.env, INBENTA_SECRET: emulator.secret },
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        opened.push({ close: () => child.kill() });
        await new Promise(
          (resolve, reject) => (
            child.stdout.once('data', resolve),
            child.once('exit', () => reject(new Error('the server ended')))
          ),
        );
        const main = `${fill(SNIPPETS.page)}\nwindow.result = (await client.getToken()).accessToken.split('.').length;`;
        return {
          '/index.html': PAGE,
          '/main.js': await bundle(main),
          '/tag.html': PAGE.replace('<script', '<script src="/inbenta-auth.min.js"></script>$&').replace('main', 'tag'),
          '/tag.js': main.replace(/^import .*\n/, SNIPPETS.pageWithTag),
          '/inbenta-auth.min.js': await read('dist/inbenta-auth.min.js'),
        };
      },
    });
    await expect.poll(() => page.evaluate(() => window.result)).toBe(3);
    await page.goto(`${site.origin}/tag.html`);
    await expect.poll(() => page.evaluate(() => window.result)).toBe(3);
  });
}

/** A port that nobody listens on now. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
