// The other tabs of this origin: twenty tabs make one request.
//
// Who goes to the network: the tab that holds a Web Lock. The others queue for it. The one that got it says so and asks
// whether a sibling has a token. What comes of it, a token or a failure, it tells everybody, and those who queued leave
// the queue. So the number of messages grows with the number of tabs, not with its square: one asks, one answers.
//
// Why a lock and not an election by messages: a browser gives the lock of a tab that was closed or crashed to the next
// one at once, and to one only, in the order of the queue. An election of our own can only guess that from silence, and
// all who wait guess at the same time. (The one before this sent 4,009 messages for 20 clients, and seven tabs of eight
// went when the first one hung.) What a lock cannot do is notice a tab that hangs or is frozen: after some time without
// a sign of life, a waiting tab steals the lock. A second lock breaks the tie between those who lose patience at once.
//
// The lock is held while a request is under way, no longer, as a page that holds one is not frozen and not kept in the
// back/forward cache. Nothing depends on it: without locks (they need https) or without a channel (a browser without
// cookies throws), each tab goes on its own.

import { background } from './timers.js';

/**
 * How long siblings have to answer: so many milliseconds and, because tabs that open at once keep a machine busy, so
 * many round trips of a message. Meanwhile the module loads and the browser connects.
 */
const ANSWER_MS = 40;
const ANSWER_ROUND_TRIPS = 12;

/** So long a tab that goes is believed in without a sign of life; then it may hang. */
const PATIENCE_MS = 4000;
const PATIENCE_SPREAD_MS = 1000;

/** So long the one who steals the lock keeps the others from it: until they have heard of it. */
const TIE_MS = 1000;

/** At most so many turns of a message channel until a tab answers that did not speak last. */
const SECOND_ANSWER_TURNS = 300;

const pause = (ms) => new Promise((resolve) => background(resolve, ms));

/** Resolves when a message went to and fro so often. Unlike a timer, it is as slow as the machine, and not slower in a hidden tab. */
const roundTrips = (near, far, times) =>
  new Promise((resolve) => {
    far.onmessage = () => far.postMessage(0);
    near.onmessage = () => {
      if (--times > 0) return near.postMessage(0);
      near.close();
      far.close();
      resolve();
    };
    near.postMessage(0);
  });

export class Siblings {
  #name;
  #listener;
  #channel; // undefined where there is none
  #spoke = false; // this tab told the last token or failure, so it answers first
  #heard = 0; // how many tokens and failures
  #signs = 0; // how many signs of life of whoever goes
  #onSign = () => {};
  #leaving; // AbortController, from queue() to leave()

  /** Whether this tab may go to the network. */
  isTurn = false;

  /**
   * @param {string} name the same for the tabs that can share a token
   * @param {object} listener
   * @param {() => object | undefined} listener.say what this tab has to say to one that asks
   * @param {(message: any) => void} listener.hear what another one told
   * @param {() => void} listener.go it is this tab's turn to go to the network, until leave()
   */
  constructor(name, listener) {
    this.#name = name;
    this.#listener = listener;
    this.#open();
    globalThis.addEventListener('pagehide', this.#hide);
    globalThis.addEventListener('pageshow', this.#open);
  }

  /** Queues for this tab's turn, once. */
  async queue() {
    if (this.#leaving) return;
    const { signal } = (this.#leaving = new AbortController());
    const left = new Promise((resolve) => signal.addEventListener('abort', resolve));
    await (this.#channel && this.#ask(signal, left));
    if (signal.aborted) return;
    this.isTurn = true;
    this.#listener.go();
  }

  /** Gives the lock back, or leaves the queue for it. */
  leave() {
    this.#leaving?.abort();
    this.#leaving = undefined;
    this.isTurn = false;
  }

  /** Tells all siblings something. */
  tell(message) {
    this.#spoke = true;
    this.#post(message);
  }

  close() {
    this.#hide();
    globalThis.removeEventListener('pagehide', this.#hide);
    globalThis.removeEventListener('pageshow', this.#open);
  }

  #post(message) {
    this.#channel?.postMessage(message);
  }

  #open = () => {
    try {
      this.#channel ??= new BroadcastChannel(this.#name);
      this.#channel.onmessage = ({ data }) => this.#hear(data);
    } catch {} // storage is blocked
  };

  /** An open channel keeps a page out of the back/forward cache. */
  #hide = () => {
    this.leave();
    this.#channel?.close();
    this.#channel = undefined;
  };

  /** Waits for the lock, and then for what a sibling may have to say. */
  async #ask(signal, left) {
    await this.#lock(signal, left);
    this.#onSign = () => {};
    if (signal.aborted) return;
    this.#post({ going: true });
    const name = `inbenta-auth ${Math.random()}`;
    const answerTime = roundTrips(new BroadcastChannel(name), new BroadcastChannel(name), ANSWER_ROUND_TRIPS);
    await Promise.race([left, Promise.all([pause(ANSWER_MS), answerTime])]);
  }

  /** Resolves when this tab has the lock, or left, or there are no locks. Held until it leaves. */
  #lock(signal, left) {
    return new Promise((go) => {
      let has = false;
      let timer;
      const hold = () => {
        clearTimeout(timer);
        has = true;
        go();
        return left;
      };
      // Rejects where locks are refused, when this tab left the queue, and when the lock is stolen.
      const request = async (name, options, run) => navigator.locks.request(name, options, run);
      const steal = async () => {
        const signs = this.#signs;
        await request(`${this.#name} steal`, {}, async () => {
          if (has || signal.aborted || signs != this.#signs) return;
          request(this.#name, { steal: true }, hold).catch(go);
          await pause(TIE_MS);
        }).catch(go);
      };
      this.#onSign = () => {
        clearTimeout(timer);
        if (!has) timer = background(steal, PATIENCE_MS + Math.random() * PATIENCE_SPREAD_MS);
      };
      this.#onSign();
      left.then(() => (clearTimeout(timer), go()));
      request(this.#name, { signal }, hold).catch(go);
    });
  }

  #hear(message) {
    const { going, token, failure } = message ?? {};
    if (!going && !token && !failure) return; // of another release, or nobody's
    this.#signs++;
    this.#onSign();
    if (going) return this.#answer();
    this.#heard++;
    this.#spoke = false;
    this.#listener.hear(message);
  }

  /** Who spoke last answers at once. It may be gone, so the others answer unless somebody else does. */
  async #answer() {
    const heard = this.#heard;
    if (!this.#listener.say()) return;
    if (!this.#spoke) {
      const { port1, port2 } = new MessageChannel();
      await roundTrips(port1, port2, Math.random() * SECOND_ANSWER_TURNS);
    }
    const message = heard == this.#heard && this.#listener.say();
    if (message) this.tell(message);
  }
}
