// Applications in frameworks and bundlers. They are made from the recipes of docs/frameworks.md with the packed
// package, built or served by the tool's own command, and opened in Chromium. A table at the end shows which ones
// work.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { chromium } from '@playwright/test';
import { CHROMIUM } from './browser.js';
import { root } from './packed.js';
import { serveSite, strictPolicy } from './site.js';
import { snippetsIn } from './snippets.js';

/** The text that every recipe shows in the page. */
const TOKEN = /Access token until \d/;

/** Runs a command. If it fails, the error contains its output. */
export async function run(command, args, { cwd, env = {}, timeoutMs = 300_000 } = {}) {
  try {
    const options = { cwd, env: environment(env), timeout: timeoutMs, maxBuffer: 1 << 24 };
    return await promisify(execFile)(command, args, options);
  } catch (error) {
    const output = `${error.stdout}${error.stderr}`.slice(-4000);
    throw new Error(`${command} ${args.join(' ')}: exit code ${error.code}\n${output}`);
  }
}

/** A developer's environment variables. Those of the test runner, or CI, would change how the commands behave. */
function environment(more) {
  const env = { ...process.env, NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1', NG_CLI_ANALYTICS: 'false', ...more };
  for (const name of ['CI', 'NODE_TEST_CONTEXT', 'NODE_OPTIONS', 'NODE_ENV', 'FORCE_COLOR']) delete env[name];
  return env;
}

/**
 * Finds a free port for a dev server. The port is chosen here because its origin must be on the domain key's list
 * before the server starts. It is below 32768, where the system's automatic ports begin, so that no other program
 * takes it.
 * @returns {Promise<number>}
 */
function freePort() {
  return new Promise((resolve) => {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer().once('error', () => resolve(freePort()));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });
}

async function chapter(title) {
  const document = await readFile(join(root, 'docs/frameworks.md'), 'utf8');
  const text = document.split(/^## /m).find((text) => text.startsWith(`${title}\n`));
  assert.ok(text, `docs/frameworks.md has no chapter "${title}"`);
  return text;
}

/**
 * Reads the table of a chapter of docs/frameworks.md: an object for each row, with the table's head as names.
 * @returns {Promise<Record<string, string>[]>}
 */
export async function commands(title) {
  const cells = (line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', ''));
  const [head, , ...rows] = (await chapter(title)).match(/^\|.*\|$/gm).map(cells);
  return rows.map((row) => Object.fromEntries(row.map((cell, i) => [head[i], cell])));
}

/**
 * Reads the code blocks of a chapter of docs/frameworks.md. Their first line is the file name.
 * @param {string} title
 * @returns {Promise<Record<string, string>>}
 */
export async function recipe(title) {
  const named = snippetsIn(await chapter(title)).map(({ code }) => /^(?:\/\/|<!--) (\S+)(?: -->)?\n([^]*)/.exec(code));
  return Object.fromEntries(named.filter(Boolean).map(([, file, code]) => [file, code]));
}

/** The recipe with the emulator's keys and endpoint in place of the reader's. */
export function withKeys(code, { domainKey, apiKey, endpoint }) {
  return code.replaceAll("'DOMAIN KEY', 'API KEY'", `'${domainKey}', '${apiKey}', { endpoint: '${endpoint}' }`);
}

/**
 * Installs the packages of a package.json into a folder of build/, unless they are installed.
 * @param {string} manifest the text of the package.json
 */
export async function installTools(manifest, folder) {
  if (manifest == (await readFile(join(folder, 'node_modules/.installed'), 'utf8').catch(() => ''))) return;
  await rm(join(folder, 'node_modules'), { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), manifest);
  // Without install scripts: some download files, and nothing here needs them.
  const options = ['--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...options], { cwd: folder, timeoutMs: 600_000 });
  await writeFile(join(folder, 'node_modules/.installed'), manifest);
}

/** Installs our package by unpacking it. It has no dependencies. */
export async function installPackage(tarball, folder) {
  const target = join(folder, 'node_modules/inbenta-auth');
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
}

/** One application: a folder, an origin, and an emulator with a domain key for this origin. */
export class App {
  /** @param {string} folder with the package in its node_modules */
  constructor(folder) {
    this.folder = folder;
  }

  /** Starts the emulator of the packed package. */
  async start() {
    this.port = await freePort();
    this.origin = `http://localhost:${this.port}`;
    const { startEmulator } = createRequire(join(this.folder, 'package.json'))('inbenta-auth/emulator');
    this.emulator = await startEmulator({ domains: [this.origin] });
    return this;
  }

  stop() {
    return this.emulator.close();
  }

  async write(files) {
    for (const [name, code] of Object.entries(files)) {
      const path = join(this.folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, withKeys(code, this.emulator));
    }
  }

  /**
   * Starts a server of the tool with the user's command, opens its page and ends the server.
   * @param {(string | number)[]} command with its arguments
   * @param {(page: import('@playwright/test').Page) => Promise<void>} [more] further checks of the page
   */
  async serve(browser, [program, ...args], { env = {}, more } = {}) {
    const server = spawn(program, args.map(String), { cwd: this.folder, env: environment(env), detached: true });
    let output = '';
    let ended = false;
    for (const stream of [server.stdout, server.stderr]) stream.on('data', (data) => (output += data));
    const exit = new Promise((resolve) => server.on('close', resolve)).then(() => (ended = true));
    try {
      const until = Date.now() + 90_000;
      while (
        !(await fetch(this.origin).then(
          ({ ok }) => ok,
          () => false,
        ))
      ) {
        assert.ok(!ended && Date.now() < until, `${program} ${args.join(' ')} does not serve:\n${output.slice(-4000)}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await this.visit(browser, { more });
    } catch (error) {
      throw new Error(`${error.message}\nThe server's output:\n${output.slice(-2000)}`);
    } finally {
      if (!ended) process.kill(-server.pid, 'SIGKILL');
      await exit;
    }
  }

  /** Serves a built folder without the tool, under the strictest policy, and opens its page. */
  async serveFolder(browser, folder, { inline = false, more } = {}) {
    const strict = strictPolicy(new URL(this.emulator.endpoint).origin);
    const policy = inline ? strict.replace('script-src', "script-src 'unsafe-inline'") : strict;
    const site = await serveSite({ root: join(this.folder, folder), policy: () => policy, port: this.port });
    try {
      assert.equal(new URL(site.origin).port, String(this.port));
      await this.visit(browser, { more });
    } finally {
      await site.close();
    }
  }

  /** Opens the page. It must show a token that the emulator granted to this origin. */
  async visit(browser, { more } = {}) {
    const before = this.emulator.requests.length;
    const context = await browser.newContext();
    const page = await context.newPage();
    const output = [];
    page.on('pageerror', (error) => output.push(`${error.message} ${error.hint ?? ''}`));
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && output.push(message.text()));
    try {
      await page.goto(this.origin);
      await page
        .getByText(TOKEN)
        .first()
        .waitFor({ timeout: 20_000 })
        .catch(async () => {
          throw new Error(
            `There is no token in the page: ${await page.locator('body').innerText()}\n${output.join('\n')}`,
          );
        });
      const requests = this.emulator.requests.slice(before);
      const granted = requests.filter(({ path, status }) => path == '/v1/auth' && status == 200);
      assert.ok(granted.length > 0, 'the token came from somewhere else');
      for (const { origin } of granted) assert.equal(origin, this.origin);
      await more?.(page, granted);
    } finally {
      await context.close();
    }
  }
}

/** Makes an application from nothing, in a folder of its own below the tools. */
export async function makeApp(tarball, folder, { type } = {}) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type }));
  return prepare(tarball, folder);
}

/** Makes an application beside its own tools. Files of the last run are deleted, and `starter` is copied. */
export async function renewApp(tarball, folder, starter) {
  for (const name of await readdir(folder))
    if (name != 'node_modules') await rm(join(folder, name), { recursive: true, force: true });
  await cp(starter, folder, { recursive: true });
  return prepare(tarball, folder);
}

async function prepare(tarball, folder) {
  // Tools take the nearest folder with a package.json for the project.
  await writeFile(join(folder, 'package-lock.json'), '{ "lockfileVersion": 3, "packages": {} }');
  await installPackage(tarball, folder);
  return new App(folder).start();
}

export const launch = () => chromium.launch(CHROMIUM);

/** Collects the results for the table. */
export class Results {
  #rows = new Map();

  /** Defines the test of an environment with one of 'dev', 'build' and 'run'. */
  test(environment, way, body) {
    const row = this.#rows.get(environment) ?? {};
    this.#rows.set(environment, row);
    row[way] = 'not run';
    test(`${environment}: ${way}`, async () => {
      row[way] = 'fails';
      await body();
      row[way] = 'ok';
    });
  }

  /** The table, in Markdown. */
  toString() {
    const ways = ['dev', 'build', 'run'].filter((way) => [...this.#rows.values()].some((row) => way in row));
    const width = Math.max(...[...this.#rows.keys()].map(({ length }) => length));
    const line = (name, cells) => `| ${name.padEnd(width)} | ${cells.map((cell) => cell.padEnd(7)).join(' | ')} |`;
    const lines = [
      line('environment', ways),
      line(
        '-'.repeat(width),
        ways.map(() => '-'.repeat(7)),
      ),
    ];
    for (const [name, row] of this.#rows)
      lines.push(
        line(
          name,
          ways.map((way) => row[way] ?? '–'),
        ),
      );
    return lines.join('\n');
  }
}
