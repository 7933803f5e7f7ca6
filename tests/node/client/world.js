// A page in simulated time: its clocks, timers, network, other tabs, Web Locks and storage are the test's. Nothing sleeps,
// so hours of a page take milliseconds, and each run is the same.

import assert from 'node:assert/strict';
import { createFromDomainKey } from '../../../dist/inbenta-auth.js';
import { grant, wasm } from './fake-api.js';

const module = await WebAssembly.compile(wasm);

export const ENDPOINT = 'https://api.example/v1';

/** So many timers in a row are a loop without end. */
const TIMERS_MAX = 10_000;

/** The events of the document; the others are the window's. */
const OF_DOCUMENT = ['visibilitychange', 'resume'];

/** An answer of the API. */
export const reply = (status, body, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } });

/** A number of turns of the event loop, so that whatever has no timer is done. */
async function turns() {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Timers on a simulated clock. */
function makeTimers(world) {
  const timers = new Set();
  return {
    set(run, ms = 0) {
      const timer = { run, ms, at: world.ms + Math.max(0, ms), isBackground: false };
      timer.unref = () => (timer.isBackground = true);
      timers.add(timer);
      return timer;
    },
    clear: (timer) => timers.delete(timer),
    next: () => [...timers].reduce((first, timer) => (first && first.at <= timer.at ? first : timer), undefined),
    run(timer) {
      timers.delete(timer);
      world.ms = Math.max(world.ms, timer.at);
      timer.run();
    },
    all: timers,
  };
}

/** Web Locks, as their specification has them, for exclusive locks. A lock is granted later than a message arrives. */
function makeLocks(world) {
  const held = new Map();
  const queues = new Map();
  function grantNext(name) {
    const entry = !held.has(name) && queues.get(name)?.shift();
    if (entry) hold(name, entry);
  }
  async function hold(name, { run, resolve, reject }) {
    const lock = { steal: () => reject(new DOMException('stolen', 'AbortError')) };
    held.set(name, lock);
    try {
      resolve(await run({ name }));
    } catch (error) {
      reject(error);
    }
    if (held.get(name) == lock) held.delete(name);
    world.timers.set(() => grantNext(name), 2 * world.messageMs);
  }
  return {
    held,
    /** How many wait for a lock. */
    waiting: (name) => queues.get(name)?.length ?? 0,
    request: (name, { steal = false, signal = undefined }, run) =>
      new Promise((resolve, reject) => {
        const entry = { run, resolve, reject };
        if (signal?.aborted) return reject(signal.reason);
        if (steal) {
          held.get(name)?.steal();
          held.delete(name);
          hold(name, entry);
          return;
        }
        const queue = queues.get(name) ?? [];
        queues.set(name, queue);
        queue.push(entry);
        signal?.addEventListener('abort', () => {
          if (!queue.includes(entry)) return;
          queue.splice(queue.indexOf(entry), 1);
          reject(signal.reason);
        });
        world.timers.set(() => grantNext(name), 2 * world.messageMs);
      }),
  };
}

let pages = 0;

/** Gives the page a sessionStorage, and returns what is in it. */
export function withStorage(world) {
  const items = new Map();
  world.replace(globalThis, 'sessionStorage', {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
  });
  return items;
}

/**
 * Replaces what a page has for the test `t`.
 * @param {import('node:test').TestContext} t
 * @param {{answer?: (request: object, n: number) => any, isPage?: boolean}} options `answer` answers request number n to
 *   the network, from 1, with a Response or an Error, or never: undefined. Without it, everything is granted. `isPage`: there
 *   are a location, other tabs and locks
 */
export function makeWorld(t, { answer = (request, n) => reply(200, grant(n)), isPage = false } = {}) {
  const world = {
    ms: 5000, // the monotonic clock
    wallOffset: 1_790_000_000_000,
    random: 0.5, // or a function
    messageMs: 0.05, // how long a message between tabs or ports takes
    requests: [],
    answer,
    isTrapping: false,
  };
  const timers = (world.timers = makeTimers(world));
  const restore = [];
  const clients = [];

  /** Replaces a member of an object until the test ends. */
  world.replace = (object, name, value) => {
    const before = Object.getOwnPropertyDescriptor(object, name);
    Object.defineProperty(object, name, { configurable: true, writable: true, value });
    restore.unshift(() => (before ? Object.defineProperty(object, name, before) : delete object[name]));
  };

  /** Ends it. A test that makes another world does so before; else it happens after the test. */
  world.end = async () => {
    for (const client of clients) client.dispose();
    await world.pass(10_000); // what disposed clients leave behind is gone then
    for (const run of restore.splice(0)) run();
  };
  t.after(world.end);

  world.replace(performance, 'now', () => world.ms);
  world.replace(Date, 'now', () => world.wallOffset + world.ms);
  world.replace(Math, 'random', () => (typeof world.random == 'function' ? world.random() : world.random));
  world.replace(globalThis, 'setTimeout', timers.set);
  world.replace(globalThis, 'clearTimeout', timers.clear);
  world.replace(globalThis, 'setInterval', (run, ms) => {
    const again = () => {
      interval.timer = timers.set(again, ms);
      run();
    };
    const interval = { timer: timers.set(again, ms), unref: () => interval.timer.unref() };
    return interval;
  });
  world.replace(globalThis, 'clearInterval', (interval) => timers.clear(interval?.timer));

  // An instance starts within microtasks, and any entry can trap.
  world.replace(WebAssembly, 'compile', async (bytes) => new WebAssembly.Module(bytes));
  world.replace(WebAssembly, 'instantiate', async (source, imports) => {
    const { exports } = new WebAssembly.Instance(source, imports);
    world.memory = exports.memory;
    const members = Object.entries(exports).map(([name, value]) => [
      name,
      typeof value != 'function'
        ? value
        : (...args) => {
            if (world.isTrapping) throw new WebAssembly.RuntimeError('unreachable');
            return value(...args);
          },
    ]);
    return { exports: Object.fromEntries(members) };
  });

  world.replace(globalThis, 'fetch', (input, init = input) => {
    const { method = 'GET', body, signal, redirect, credentials, cache } = init;
    const request = {
      url: String(input.url ?? input),
      at: world.ms,
      method,
      body,
      signal,
      redirect,
      credentials,
      cache,
    };
    request.headers = Object.fromEntries(new Headers(init.headers));
    const n = world.requests.push(request);
    return new Promise((resolve, reject) => {
      request.answer = (given) => (given instanceof Error ? reject(given) : resolve(given));
      signal?.addEventListener('abort', () => reject(signal.reason));
      if (signal?.aborted) return reject(signal.reason);
      const given = world.answer(request, n);
      if (given) request.answer(given);
    });
  });

  /** Lets time pass. What is due runs, in its order. */
  world.pass = async (ms) => {
    const end = world.ms + ms;
    await turns();
    for (let due, count = 0; (due = timers.next())?.at <= end; await turns()) {
      assert.ok(++count < TIMERS_MAX, 'timers without end');
      timers.run(due);
    }
    world.ms = Math.max(world.ms, end);
  };

  /** Lets as much time pass as a promise needs to settle. */
  world.until = async (promise) => {
    let isSettled = false;
    promise.then(
      () => (isSettled = true),
      () => (isSettled = true),
    );
    await turns();
    for (let count = 0; !isSettled; await turns()) {
      const due = timers.next();
      assert.ok(due && ++count < TIMERS_MAX, 'the promise does not settle');
      timers.run(due);
    }
    return promise;
  };

  /** The error with which a promise rejects, and after how many milliseconds. Lets no time pass. */
  world.rejection = (promise) => {
    const start = world.ms;
    return promise.then(
      (token) => assert.fail(`there is ${token?.accessToken ?? token}`),
      (error) => Object.assign(error, { ms: world.ms - start }),
    );
  };

  /** The same, and lets time pass until then. */
  world.failure = (promise) => world.until(world.rejection(promise));

  /** Disposes of a client when the test ends. */
  world.keep = (client) => (clients.push(client), client);

  /** A client; `create` is that of another tab. */
  world.client = (options = {}, create = createFromDomainKey) =>
    world.keep(create('the-domain-key', 'the-api-key', { endpoint: ENDPOINT, wasm: module, ...options }));

  /** The script once more, as another tab or page view loads it. */
  world.open = () => import(`../../../dist/inbenta-auth.js?world=${++pages}`);

  /** Of the window: what listens, by type. Events of the document pass by on their way down only. */
  const listeners = (world.listeners = new Map());
  const listenersOf = (type) => listeners.get(type) ?? [];
  world.replace(globalThis, 'addEventListener', (type, run, isCapture = false) => {
    listeners.set(type, [...listenersOf(type), { run, isCapture }]);
  });
  world.replace(globalThis, 'removeEventListener', (type, run, isCapture = false) => {
    const others = listenersOf(type).filter((listener) => listener.run != run || listener.isCapture != isCapture);
    listeners.set(type, others);
  });

  /** Dispatches an event in all tabs, or only in number `tab`. */
  world.dispatch = async (type, tab) => {
    for (const [number, { run, isCapture }] of listenersOf(type).entries())
      if ((tab === undefined || tab == number) && (isCapture || !OF_DOCUMENT.includes(type))) run(new Event(type));
    await turns();
  };

  if (isPage) addTabs(world);
  return world;
}

/** Whether a channel only measures how long a message takes. Its name is a random number. */
const isMeter = ({ name }) => /^inbenta-auth 0(\.\d+)?$/.test(name);

/** Other tabs: channels, locks, and a location. */
function addTabs(world) {
  const channels = (world.channels = new Set());
  const posted = (world.posted = []);
  world.locks = makeLocks(world);
  const deliver = (target, data) =>
    world.timers.set(() => target.onmessage?.({ data: structuredClone(data) }), world.messageMs);
  world.replace(globalThis, 'location', { origin: 'https://shop.example' });
  world.replace(globalThis, 'navigator', { locks: world.locks });
  world.replace(
    globalThis,
    'BroadcastChannel',
    class {
      constructor(name) {
        this.name = name;
        channels.add(this);
      }
      postMessage(data) {
        assert.ok(channels.has(this), 'a closed channel posts nothing');
        if (!isMeter(this)) posted.push(data);
        for (const other of channels) if (other != this && other.name == this.name) deliver(other, data);
      }
      close() {
        channels.delete(this);
        this.onmessage = undefined;
      }
    },
  );
  world.replace(
    globalThis,
    'MessageChannel',
    class {
      constructor() {
        const port = () => ({ postMessage: undefined, close() {}, onmessage: undefined });
        const [one, two] = [port(), port()];
        one.postMessage = (data) => deliver(two, data);
        two.postMessage = (data) => deliver(one, data);
        Object.assign(this, { port1: one, port2: two });
      }
    },
  );
  /** The channels between tabs that are open. */
  world.siblingChannels = () => [...channels].filter((channel) => !isMeter(channel));
}
