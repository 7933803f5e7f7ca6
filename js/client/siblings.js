// The other tabs of this origin, by BroadcastChannel: twenty tabs make one request. There are no locks, so a
// tab that crashes or sleeps holds nobody up for long.
//
// A tab without a token asks. Whoever has one tells it. Among those without, the one that asked first goes to
// the network and tells the others to wait; what comes of it, it tells everybody.

/**
 * How long siblings have to answer, while the wasm loads: so many milliseconds and, because twenty tabs that
 * open at once keep a machine busy, so many round trips of a message.
 */
const ANSWER_MS = 10;
const ANSWER_ROUND_TRIPS = 12;

/** So long the tab that goes is believed in; then it may have crashed. */
const OTHERS_MS = 5000;

/** Resolves when a message went to and fro so often, in the way that messages of siblings go. */
const roundTrips = (times) =>
  new Promise((resolve) => {
    const name = `inbenta-auth ${Math.random()}`;
    const [near, far] = [new BroadcastChannel(name), new BroadcastChannel(name)];
    far.onmessage = () => far.postMessage(0);
    near.onmessage = () => {
      if (--times) return near.postMessage(0);
      near.close();
      far.close();
      resolve();
    };
    near.postMessage(0);
  });

export class Siblings {
  #name;
  #listener;
  #channel;
  #asked = 0; // when this tab asked, and by that its rank; 0 if it has no question
  #going = false; // it goes to the network itself
  #waits = false; // another one goes
  #othersUntil = 0; // so long one goes that asked before this tab did
  #turn;
  #go;
  #deadline;
  #heard; // the last access token that came from a sibling

  /**
   * @param {string} name of the channel: the same for the tabs that can share a token
   * @param {{current: () => object | null, adopt: (token: object) => void}} listener
   */
  constructor(name, listener) {
    this.#name = name;
    this.#listener = listener;
    this.#open();
  }

  /** Resolves when this tab may go to the network, at the latest after `maxMs`, or a sibling told its token. */
  turn(maxMs) {
    return (this.#turn ??= new Promise((resolve) => {
      this.#go = () => {
        this.#going = true;
        resolve();
      };
      this.#deadline = setTimeout(this.#go, maxMs);
      this.#ask(performance.now() < this.#othersUntil);
    }));
  }

  /** This tab has a new token. */
  tell(token) {
    if (token[0] != this.#heard) this.#post({ token });
    this.#end();
  }

  /** Nobody waits in this tab any more: those who waited for it may ask again. */
  settled() {
    if (this.#asked) this.#post({ done: true });
    this.#end();
  }

  close() {
    this.settled();
    this.#channel?.close();
    this.#channel = undefined;
    globalThis.removeEventListener('pagehide', this.#hide);
  }

  #post(message) {
    this.#channel?.postMessage(message);
  }

  #open() {
    this.#channel ??= new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    // An open channel keeps a page out of the back/forward cache.
    addEventListener('pagehide', this.#hide);
  }

  #hide = () => {
    this.close();
    addEventListener('pageshow', () => this.#open(), { once: true });
  };

  async #ask(waits = false) {
    const asked = (this.#asked = Date.now() + Math.random());
    this.#waits = waits;
    this.#post({ ask: asked });
    await Promise.all([new Promise((resolve) => setTimeout(resolve, ANSWER_MS)), roundTrips(ANSWER_ROUND_TRIPS)]);
    if (asked == this.#asked && !this.#waits) this.#go();
  }

  #hear({ ask, wait, done, token }) {
    const own = ask && this.#listener.current();
    if (own) this.#post({ token: own });
    else if (ask && (this.#going || (this.#asked && this.#asked < ask))) this.#post({ wait: ask });
    else if (ask) {
      this.#waits = !!this.#asked; // it asked before
      this.#othersUntil = performance.now() + OTHERS_MS;
    }
    if (wait && wait == this.#asked && !this.#going) this.#waits = true;
    if (done || token) this.#othersUntil = 0;
    if (done && this.#waits) this.#ask();
    if (token) {
      this.#heard = token[0];
      this.#listener.adopt(token);
      this.#end();
    }
  }

  #end() {
    clearTimeout(this.#deadline);
    this.#go?.();
    this.#turn = this.#go = undefined;
    this.#asked = 0;
    this.#going = this.#waits = false;
  }
}
