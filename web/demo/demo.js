// The demo page: everything it shows comes from the client's public interface and from the browser's own
// record of the requests that were made.

import { createFromDomainKey } from './dist/inbenta-auth.js';

const $ = (id) => document.getElementById(id);
const config = await (await fetch('config.json')).json();
const client = createFromDomainKey(config.domainKey, config.apiKey, { endpoint: config.endpoint });

let token = null; // the last one told, also when it is no longer valid
let receivedAt = 0;
let shown = false;
let requests = 0;

function log(kind, title, text) {
  const item = document.createElement('li');
  const [time, body, head, detail] = ['time', 'div', 'b', 'span'].map((name) => document.createElement(name));
  item.dataset.kind = kind;
  time.textContent = new Date().toLocaleTimeString([], { hour12: false });
  head.textContent = title;
  detail.textContent = text;
  body.append(head, detail);
  item.append(time, body);
  $('log').prepend(item);
}

function state(name, label, hint) {
  $('state').dataset.state = name;
  $('state').textContent = label;
  $('hint').textContent = hint;
}

function showToken() {
  const text = token?.accessToken ?? '–';
  $('token').textContent = shown || text.length < 24 ? text : `${text.slice(0, 10)} … ${text.slice(-6)}`;
  $('expires').textContent = token ? new Date(token.expiresAt).toLocaleTimeString([], { hour12: false }) : '–';
}

/** The ring: how much of the token's life is left. The mark stands at half of it: a token that lives this
 *  short is refreshed there at the earliest. */
function draw() {
  const left = client.token ? Math.max(0, token.expiresAt - Date.now()) : 0;
  const life = token ? token.expiresAt - receivedAt : 1;
  $('life').style.strokeDasharray = `${Math.min(100, (100 * left) / life)} 100`;
  $('life').toggleAttribute('data-on', left > 0);
  $('life').toggleAttribute('data-low', left < life / 2);
  $('refresh-mark').toggleAttribute('data-on', left > 0);
  $('remaining').textContent = left ? Math.ceil(left / 1000) : '–';
  $('unit').textContent = left ? 'seconds left' : 'no token';
  requestAnimationFrame(draw);
}

client.addEventListener('token', ({ detail }) => {
  const first = !token;
  token = detail;
  receivedAt = Date.now();
  showToken();
  state('fresh', 'fresh', 'The token is valid. It is refreshed by itself before it expires.');
  const seconds = Math.round((token.expiresAt - receivedAt) / 1000);
  log('token', first ? 'Token obtained' : 'Token refreshed', `valid for ${seconds} s`);
  document.documentElement.dataset.tokens = `${1 + Number(document.documentElement.dataset.tokens ?? 0)}`;
});

client.addEventListener('error', ({ detail: error }) => {
  log('error', `${error.code}${error.status ? ` · HTTP ${error.status}` : ''}`, error.hint);
  if (!client.token) state('failed', error.code, error.hint);
  document.documentElement.dataset.error = error.code;
});

client.addEventListener('expired', () => {
  log('expired', 'Token gone', 'It expired, was refused or was invalidated.');
  token = null;
  showToken();
  state('waiting', 'waiting', 'Getting a new token …');
});

new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.name.startsWith(config.endpoint)) continue;
    requests++;
    $('requests').textContent = requests;
    log('request', `POST ${new URL(entry.name).pathname}`, `${Math.round(entry.duration)} ms`);
  }
}).observe({ type: 'resource', buffered: true });

async function ask(work) {
  try {
    $('result').textContent = await work();
  } catch (error) {
    $('result').textContent = `${error.code}: ${error.hint}`;
  }
}

$('refresh').onclick = () => ask(async () => ((await client.getToken({ forceRefresh: true })), 'A new token, as asked.'));

$('crowd').onclick = () =>
  ask(async () => {
    const before = requests;
    await Promise.all(Array.from({ length: 100 }, () => client.getToken({ forceRefresh: true })));
    await new Promise((resolve) => setTimeout(resolve, 100)); // the browser's record comes a moment later
    return `100 callers answered, ${requests - before} request.`;
  });

$('invalidate').onclick = () =>
  ask(async () => {
    if (token) client.invalidate(token.accessToken);
    await client.getToken();
    return 'Dropped, and obtained again.';
  });

$('show').onclick = () => {
  shown = !shown;
  $('show').textContent = shown ? 'hide' : 'show';
  $('show').ariaPressed = String(shown);
  showToken();
};

$('origin').textContent = location.origin;
if (window.top != window) document.body.classList.add('framed');
if (config.refusedSite && window.top == window) {
  $('other').hidden = false;
  $('refused').src = config.refusedSite;
}
draw();
client.getToken().catch(() => {}); // the event tells
