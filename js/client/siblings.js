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

import { backgroundTimeout } from './timers.js';

/**
 * How long a tab waits for the answer of a sibling: so many milliseconds, and so many round trips of a message, because
 * many new tabs keep a machine busy. Siblings answer within a few milliseconds. Meanwhile the browser connects, which
 * usually takes longer.
 */
const ANSWER_MS = 35;
const ANSWER_MAX_MS = 60;
const ANSWER_ROUND_TRIPS = 36;

/** How long the tab with the lock may be silent before another tab steals the lock. */
const SILENCE_MS = 4000;
const SILENCE_JITTER_MS = 1000;

/** How long a tab that stole the lock keeps others from stealing it: until its messages have arrived. */
const STEAL_PAUSE_MS = 3000;

/** How long a tab that did not send last waits before it answers: a random number of round trips up to this. */
const LATE_ANSWER_ROUND_TRIPS = 300;

const pause = (ms) => new Promise((resolve) => backgroundTimeout(resolve, ms));

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
  #sentLast = false; // this tab sent the last token or failure, so it answers first
  #receivedCount = 0; // number of tokens and failures received
  #onSignOfLife = () => {};
  #turnController; // AbortController, from queue() to endTurn()

  /** True if this tab may send a request. */
  isTurn = false;

  /**
   * @param {string} name the same in all tabs that can share a token
   * @param {object} listener
   * @param {() => object | undefined} listener.messageForSiblings returns the token or the failure, if there is one
   * @param {(message: any) => void} listener.onSiblingMessage gets a message of another tab
   * @param {() => void} listener.onTurn this tab may send requests now, until endTurn()
   */
  constructor(name, listener) {
    this.#name = name;
    this.#listener = listener;
    this.open();
    globalThis.addEventListener?.('pagehide', this.#hide);
  }

  /** Opens the channel, also when the page comes back from the back/forward cache. May be called at any time. */
  open() {
    try {
      this.#channel ??= new BroadcastChannel(this.#name);
      this.#channel.onmessage = ({ data }) => this.#receive(data);
    } catch {} // storage is blocked
  }

  /** Queues for this tab's turn. Does nothing if it is in the queue already. */
  async queue() {
    if (this.#turnController) return;
    const { signal } = (this.#turnController = new AbortController());
    const left = new Promise((resolve) => signal.addEventListener('abort', resolve));
    // A page that is prerendered gets no lock and no message before somebody opens it.
    await (globalThis.document?.prerendering === true || (this.#channel && this.#waitForTurn(signal, left)));
    if (signal.aborted) return;
    this.isTurn = true;
    this.#listener.onTurn();
  }

  /** Releases the lock, or leaves the queue for it. */
  endTurn() {
    this.#turnController?.abort();
    this.#turnController = undefined;
    this.isTurn = false;
  }

  /** Sends the token or the failure to all siblings. */
  broadcast(message = this.#listener.messageForSiblings()) {
    if (!message) return;
    this.#sentLast = true;
    this.#post(message);
  }

  close() {
    this.#hide();
    globalThis.removeEventListener?.('pagehide', this.#hide);
  }

  #post(message) {
    this.#channel?.postMessage(message);
  }

  /** Closes the channel, because a page with an open channel is not kept in the back/forward cache. */
  #hide = () => {
    this.endTurn();
    this.#channel?.close();
    this.#channel = undefined;
  };

  /** Waits for the lock, and then for the answer of a sibling. */
  async #waitForTurn(signal, left) {
    const start = performance.now();
    await this.#acquireLock(signal, left);
    if (signal.aborted) return;
    this.#onSignOfLife = () => {};
    this.#post({ going: true });
    const tookMs = performance.now() - start;
    const name = `inbenta-auth ${Math.random()}`;
    const answerTime = roundTrips(new BroadcastChannel(name), new BroadcastChannel(name), ANSWER_ROUND_TRIPS);
    // The time that a free lock takes counts, and it shows how busy the browser is: an answer may take longer than that. A
    // lock that takes much longer was held by another tab, whose message may be on the way.
    const answerMs = Math.min(ANSWER_MAX_MS, Math.max(ANSWER_MS - tookMs, 2.5 * tookMs));
    await Promise.race([left, Promise.all([pause(answerMs), answerTime])]);
  }

  /**
   * Resolves when this tab has the lock, left the queue, or there are no locks. The lock is held until `left` resolves.
   */
  #acquireLock(signal, left) {
    return new Promise((resolve) => {
      let hasLock = false;
      let timer;
      const onLock = () => {
        clearTimeout(timer);
        hasLock = true;
        resolve();
        return left;
      };
      // Rejects if locks are refused, if this tab left the queue, and if the lock is stolen.
      const request = async (name, options, run) => navigator.locks.request(name, options, run);
      const steal = async () => {
        const before = timer;
        await request(`${this.#name} steal`, {}, async () => {
          if (hasLock || signal.aborted || timer != before) return; // also after a sign of life
          request(this.#name, { steal: true }, onLock).catch(resolve);
          await pause(STEAL_PAUSE_MS);
        }).catch(resolve);
      };
      this.#onSignOfLife = () => {
        clearTimeout(timer);
        if (!hasLock) timer = backgroundTimeout(steal, SILENCE_MS + Math.random() * SILENCE_JITTER_MS);
      };
      this.#onSignOfLife();
      left.then(() => (clearTimeout(timer), resolve()));
      request(this.#name, { signal }, onLock).catch(resolve);
    });
  }

  #receive(message) {
    const { going, token, failure } = message ?? {};
    if (!going && !token && !failure) return; // from another release, or from another program
    this.#onSignOfLife();
    if (going) return this.#answer();
    this.#receivedCount++;
    this.#sentLast = false;
    this.#listener.onSiblingMessage(message);
  }

  /**
   * The tab that sent last answers immediately. It may be closed, so each other tab answers later unless one already
   * has.
   */
  async #answer() {
    const receivedCount = this.#receivedCount;
    if (!this.#listener.messageForSiblings()) return;
    if (!this.#sentLast) {
      const { port1, port2 } = new MessageChannel();
      await roundTrips(port1, port2, Math.random() * LATE_ANSWER_ROUND_TRIPS);
    }
    if (receivedCount == this.#receivedCount) this.broadcast();
  }
}
