// The other tabs of this origin: twenty tabs send one request.
//
// Only the tab that holds a Web Lock sends a request. The others queue for the lock. The tab that gets it announces
// that, and asks whether a sibling has a token. It sends the result of its request, a token or a failure, to all tabs,
// and those in the queue leave it. So the number of messages grows with the number of tabs, not with its square.
//
// Why a lock and not an election by messages: if a tab is closed or crashes, the browser passes its lock to the next
// tab in the queue immediately, and to only one. In an election, the tabs can only guess that from silence, and all of
// them guess at the same time. (An earlier version sent 4,009 messages for 20 clients. When the first of eight tabs
// hung, the other seven all sent a request.) But the browser does not notice a tab that hangs or is frozen. So a
// waiting tab steals the lock after some time without a sign of life. A second lock lets only one tab do that.
//
// The lock is held only while a request is in flight, because a page that holds a lock is not frozen and not kept in
// the back/forward cache. Nothing depends on the lock: without locks (they need https) or without a channel (a browser
// without cookies throws), each tab sends its own requests.

import { background } from './timers.js';

/**
 * How long a tab waits for the answer of a sibling: so many milliseconds, and so many round trips of a message, because
 * many new tabs keep a machine busy. Meanwhile the module loads and the browser connects.
 */
const ANSWER_MS = 40;
const ANSWER_ROUND_TRIPS = 12;

/** How long the tab with the lock may be silent before another tab steals the lock. */
const PATIENCE_MS = 4000;
const PATIENCE_SPREAD_MS = 1000;

/** How long a tab that stole the lock keeps others from stealing it: until its messages have arrived. */
const TIE_MS = 1000;

/** How long a tab that did not send last waits before it answers: a random number of round trips up to this. */
const SECOND_ANSWER_TURNS = 300;

const pause = (ms) => new Promise((resolve) => background(resolve, ms));

/**
 * Resolves after so many round trips of a message. Unlike a timer, this is as slow as the machine, but not throttled in
 * a hidden tab.
 */
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
  #channel; // undefined if there is none
  #spoke = false; // this tab sent the last token or failure, so it answers first
  #heard = 0; // number of tokens and failures received
  #signs = 0; // number of signs of life received from the tab with the lock
  #onSign = () => {};
  #leaving; // AbortController, from queue() to leave()

  /** True if this tab may send a request. */
  isTurn = false;

  /**
   * @param {string} name the same in all tabs that can share a token
   * @param {object} listener
   * @param {() => object | undefined} listener.say returns the message for a tab that asks
   * @param {(message: any) => void} listener.hear gets a message of another tab
   * @param {() => void} listener.go this tab may send requests now, until leave()
   */
  constructor(name, listener) {
    this.#name = name;
    this.#listener = listener;
    this.#open();
    globalThis.addEventListener('pagehide', this.#hide);
    globalThis.addEventListener('pageshow', this.#open);
  }

  /** Queues for this tab's turn. Does nothing if it is in the queue already. */
  async queue() {
    if (this.#leaving) return;
    const { signal } = (this.#leaving = new AbortController());
    const left = new Promise((resolve) => signal.addEventListener('abort', resolve));
    await (this.#channel && this.#ask(signal, left));
    if (signal.aborted) return;
    this.isTurn = true;
    this.#listener.go();
  }

  /** Releases the lock, or leaves the queue for it. */
  leave() {
    this.#leaving?.abort();
    this.#leaving = undefined;
    this.isTurn = false;
  }

  /** Sends a message to all siblings. */
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

  /** Closes the channel, because a page with an open channel is not kept in the back/forward cache. */
  #hide = () => {
    this.leave();
    this.#channel?.close();
    this.#channel = undefined;
  };

  /** Waits for the lock, and then for the answer of a sibling. */
  async #ask(signal, left) {
    await this.#lock(signal, left);
    this.#onSign = () => {};
    if (signal.aborted) return;
    this.#post({ going: true });
    const name = `inbenta-auth ${Math.random()}`;
    const answerTime = roundTrips(new BroadcastChannel(name), new BroadcastChannel(name), ANSWER_ROUND_TRIPS);
    await Promise.race([left, Promise.all([pause(ANSWER_MS), answerTime])]);
  }

  /**
   * Resolves when this tab has the lock, left the queue, or there are no locks. The lock is held until `left` resolves.
   */
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
      // Rejects if locks are refused, if this tab left the queue, and if the lock is stolen.
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
    if (!going && !token && !failure) return; // from another release, or from another program
    this.#signs++;
    this.#onSign();
    if (going) return this.#answer();
    this.#heard++;
    this.#spoke = false;
    this.#listener.hear(message);
  }

  /**
   * The tab that sent last answers immediately. It may be closed, so each other tab answers later unless one already
   * has.
   */
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
