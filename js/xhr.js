// A small XMLHttpRequest over fetch for where there is none: service workers, Node, Deno. Private to this
// package; it has just what src/wasm/library.js uses. Redirects are not followed, no cookies are sent.

export class FetchXhr {
  readyState = 0;
  status = 0;
  response = null;
  onload = null;
  onerror = null;
  onprogress = null;
  #headers = new Headers();
  #answered = new Headers();
  #controller = new AbortController();

  open(method, url) {
    this.method = method;
    this.url = url;
  }

  setRequestHeader(name, value) {
    this.#headers.append(name, value);
  }

  getAllResponseHeaders() {
    return [...this.#answered].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  async send(body) {
    try {
      const answer = await fetch(this.url, {
        method: this.method,
        headers: this.#headers,
        body,
        signal: this.#controller.signal,
        credentials: 'omit',
        redirect: 'error',
        cache: 'no-store',
      });
      this.#answered = answer.headers;
      const bytes = await this.#read(answer.body);
      this.status = answer.status;
      this.response = bytes.buffer;
      this.readyState = 4;
      this.onload?.();
    } catch {
      this.readyState = 4;
      this.onerror?.();
    }
  }

  /** Reads in pieces, so that a body without end is noticed by onprogress, which aborts. */
  async #read(stream) {
    let bytes = new Uint8Array();
    if (!stream) return bytes;
    const reader = stream.getReader();
    for (let piece; !(piece = await reader.read()).done; ) {
      const longer = new Uint8Array(bytes.length + piece.value.length);
      longer.set(bytes);
      longer.set(piece.value, bytes.length);
      bytes = longer;
      this.onprogress?.({ loaded: bytes.length });
    }
    return bytes;
  }

  abort() {
    this.#controller.abort();
  }
}
