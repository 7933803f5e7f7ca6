// WebKit (Debian's MiniBrowser) over WebDriver, with the part of Playwright's interface that the tests use, so that
// each case is written once. Playwright itself needs its own patched WebKit; this is the released one.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Builder, Capabilities } from 'selenium-webdriver';

/** Enough for twenty pages from this machine at the same time. */
const PAGE_LOAD_MS = 20_000;
/** A browser starts within a second or two. */
const START_MS = 15_000;
const STARTS = 3;

/** Finds MiniBrowser. Its folder is named after the machine's architecture. */
async function findMiniBrowser() {
  const names = await readdir('/usr/lib');
  for (const name of names) {
    const folder = `/usr/lib/${name}/webkit2gtk-4.1`;
    const files = await readdir(folder).catch(() => []);
    if (files.includes('MiniBrowser')) return `${folder}/MiniBrowser`;
  }
  throw new Error('MiniBrowser is missing: install libwebkit2gtk-4.1-0.');
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Ends a process and the processes that it started. It leads a group of its own (`detached`). */
async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid);
  await once(child, 'exit');
}

export class WebKit {
  #display;
  #displayNumber;
  #driver;
  #address;
  #binary;

  /** Starts a display and the driver. Each context starts a browser. */
  static async launch() {
    const webkit = new WebKit();
    webkit.#binary = await findMiniBrowser();
    webkit.#display = spawn('Xvfb', ['-displayfd', '3', '-nolisten', 'tcp'], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const [number] = await once(webkit.#display.stdio[3], 'data');
    webkit.#displayNumber = `${number}`.trim();
    await webkit.#startDriver();
    return webkit;
  }

  async #startDriver() {
    const port = await freePort();
    // WebKit's sandbox needs user namespaces. Root in a container does not have them.
    const env = { ...process.env, DISPLAY: `:${this.#displayNumber}`, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' };
    this.#driver = spawn('WebKitWebDriver', [`--port=${port}`], { env, detached: true, stdio: 'ignore' });
    this.#address = `http://127.0.0.1:${port}`;
    for (let tries = 0; !(await fetch(`${this.#address}/status`).catch(() => undefined)); tries++) {
      if (tries == 200) throw new Error('WebKitWebDriver does not answer.');
      await sleep(50);
    }
  }

  /**
   * Starts a browser. Sometimes the driver never reaches the browser that it started, about once in a thousand times:
   * the browser listens on a port that the driver chose, and another process may have taken it. Then both are ended and
   * started anew. No page has been opened at that time.
   */
  async newContext() {
    const capabilities = new Capabilities({
      browserName: 'MiniBrowser',
      'webkitgtk:browserOptions': { binary: this.#binary, args: ['--automation'] },
    });
    for (let start = 1; start <= STARTS; start++) {
      const session = new Builder().usingServer(this.#address).withCapabilities(capabilities).build();
      const started = session.then(
        () => true,
        () => false,
      );
      if (await Promise.race([started, sleep(START_MS, false)])) {
        await session.manage().setTimeouts({ pageLoad: PAGE_LOAD_MS });
        return new Context(session);
      }
      await end(this.#driver);
      await this.#startDriver();
    }
    throw new Error(`WebKit did not start ${STARTS} times.`);
  }

  async close() {
    await end(this.#driver);
    await end(this.#display);
  }
}

class Context {
  #session;
  #turn = Promise.resolve();
  #used = false;

  constructor(session) {
    this.#session = session;
  }

  async newPage() {
    return new Page(
      this,
      await this.#inTurn(async () => {
        if (this.#used) await this.#session.switchTo().newWindow('tab');
        this.#used = true;
        return this.#session.getWindowHandle();
      }),
    );
  }

  close() {
    return this.#session.quit();
  }

  /** Runs a command in a tab. Commands take turns, because a session has one current tab. */
  inTab(handle, command) {
    return this.#inTurn(async () => {
      await this.#session.switchTo().window(handle);
      return command(this.#session);
    });
  }

  #inTurn(command) {
    const result = this.#turn.then(command);
    this.#turn = result.catch(() => {});
    return result;
  }
}

class Page {
  #context;
  #handle;
  #calls = 0;

  constructor(context, handle) {
    this.#context = context;
    this.#handle = handle;
  }

  context() {
    return this.#context;
  }

  /** Opens a URL. Sometimes a tab never starts its first navigation; then a new tab is opened. */
  goto(url) {
    return this.#command(async (session) => {
      try {
        await session.get(url);
      } catch (error) {
        if (error.name != 'TimeoutError') throw error;
        await session.switchTo().newWindow('tab');
        this.#handle = await session.getWindowHandle();
        await session.get(url);
      }
    });
  }

  close() {
    return this.#command((session) => session.close());
  }

  goBack() {
    return this.#command((session) => session.navigate().back());
  }

  waitForTimeout(ms) {
    return sleep(ms);
  }

  /** Runs a function in the page. Its result is polled, so that a call that waits does not block others. */
  async evaluate(run, argument) {
    const id = ++this.#calls;
    const start = `
      const [id, argument] = arguments, answers = (window.webdriverAnswers ??= {});
      (async () => (${run})(argument))().then(
        (value) => (answers[id] = { json: JSON.stringify(value) ?? '' }),
        (error) => (answers[id] = { error: String(error) }));`;
    const take =
      'const answer = window.webdriverAnswers?.[arguments[0]]; if (answer) delete window.webdriverAnswers[arguments[0]]; return answer';
    await this.#command((session) => session.executeScript(start, id, argument));
    for (;;) {
      const answer = await this.#command((session) => session.executeScript(take, id));
      if (answer?.error) throw new Error(answer.error);
      if (answer) return answer.json ? JSON.parse(answer.json) : undefined;
      await sleep(20);
    }
  }

  #command(run) {
    return this.#context.inTab(this.#handle, run);
  }
}
