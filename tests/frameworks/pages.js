// Frameworks for pages: the recipe of each, served for development and built, shows its token in Chromium.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { launch, recipe, run } from '../support/environments.js';
import { application, env, node, results } from './setup.js';

let browser;

before(async () => (browser = await launch()));
after(() => browser?.close());

/** Makes the application with its recipes, for `body`. */
async function withApp(name, titles, body, { subfolder = '' } = {}) {
  const app = await application(name);
  try {
    for (const title of titles)
      for (const [file, code] of Object.entries(await recipe(title)))
        await app.write({ [join(subfolder, file)]: code });
    await body(app, (script) => join(app.folder, 'node_modules', script));
  } finally {
    await app.stop();
  }
}

/** StrictMode mounts twice, and there are two components: one request all the same. */
const oneRequest = (_, granted) => assert.equal(granted.length, 1);

for (const [name, title, more] of [
  ['react', 'React', oneRequest],
  ['vue', 'Vue'],
]) {
  const withVite = (body) =>
    withApp('vite', [title], (app, tool) => body(app, [node, tool('vite/bin/vite.js')]), { subfolder: name });
  results.test(`${title} with Vite 8`, 'dev', () =>
    withVite((app, vite) => app.serve(browser, [...vite, name, '--port', app.port, '--strictPort'], { env, more })),
  );
  results.test(`${title} with Vite 8`, 'build', () =>
    withVite(async (app, [program, script]) => {
      await run(program, [script, 'build', name], { cwd: app.folder, env });
      await app.serveFolder(browser, `${name}/dist`);
    }),
  );
}

const withNext = (body) => withApp('next', ['React', 'Next'], (app, tool) => body(app, tool('next/dist/bin/next')));
results.test('Next 16', 'dev', () =>
  withNext((app, next) => app.serve(browser, [node, next, 'dev', '--port', app.port], { env })),
);
results.test('Next 16', 'build', () =>
  withNext(async (app, next) => {
    await run(node, [next, 'build'], { cwd: app.folder, env });
    await app.serve(browser, [node, next, 'start', '--port', app.port], { env });
  }),
);

const withKit = (body) => withApp('sveltekit', ['SvelteKit'], (app, tool) => body(app, tool('vite/bin/vite.js')));
results.test('SvelteKit 3', 'dev', () =>
  withKit((app, vite) => app.serve(browser, [node, vite, 'dev', '--port', app.port, '--strictPort'], { env })),
);
results.test('SvelteKit 3', 'build', () =>
  withKit(async (app, vite) => {
    await run(node, [vite, 'build'], { cwd: app.folder, env });
    await app.serve(browser, [node, 'build'], { env: { ...env, PORT: String(app.port) } });
  }),
);

/** Although the background refresh is scheduled. */
const becomesStable = (page) =>
  page.waitForFunction(() => document.documentElement.dataset.stable == 'true', undefined, { timeout: 5000 });

const withAngular = (body) => withApp('angular', ['Angular'], (app, tool) => body(app, tool('@angular/cli/bin/ng.js')));
for (const [name, development, production, more] of [
  ['Angular 22', 'development', 'production'],
  ['Angular 22, zone.js', 'zone', 'production,zone', becomesStable],
]) {
  results.test(name, 'dev', () =>
    withAngular((app, ng) => {
      const command = [node, ng, 'serve', '--configuration', development, '--port', app.port];
      return app.serve(browser, command, { env, more });
    }),
  );
  results.test(name, 'build', () =>
    withAngular(async (app, ng) => {
      await run(node, [ng, 'build', '--configuration', production], { cwd: app.folder, env });
      await app.serveFolder(browser, 'dist/browser', { more });
    }),
  );
}
