// The demo page. It shows its token with the client's public interface, and the requests with the browser's own record.
// The page on the allowed origin loads the page on the refused origin in a hidden frame, and shows its messages.

import { createFromDomainKey } from './dist/inbenta-auth.js';
import { showComparisons } from './stage.js';

const $ = (id) => document.getElementById(id);
const config = await (await fetch('config.json')).json();
const client = createFromDomainKey(config.domainKey, config.apiKey, { endpoint: config.endpoint });

const LOG_MAX = 50;
let token = null; // the token that the client emitted last, until it expires or is dropped
let receivedAt = 0;
let shown = false;
let requests = 0;

const timeOf = (date) => date.toLocaleTimeString([], { hour12: false });

/** Adds an entry; the newest is on top. Entries are sorted by time: the browser's record of a request arrives late. */
function log(kind, title, text, at = Date.now()) {
  const item = document.createElement('li');
  const [time, head, detail] = ['time', 'b', 'span'].map((name) => document.createElement(name));
  item.dataset.kind = kind;
  item.dataset.at = at;
  time.textContent = timeOf(new Date(at));
  head.textContent = title;
  detail.textContent = text;
  item.append(time, head, detail);
  $('log').insertBefore(item, [...$('log').children].find(({ dataset }) => dataset.at <= at) ?? null);
  $('log').children[LOG_MAX]?.remove();
}

function showState(name, label, hint, prefix = '') {
  $(`${prefix}state`).dataset.state = name;
  $(`${prefix}state`).textContent = label;
  $(`${prefix}hint`).textContent = hint;
}

function showToken() {
  const text = token?.accessToken ?? '';
  $('token').textContent = shown ? text : `${text.slice(0, 10)} … ${text.slice(-6)}`;
  $('expires').textContent = token ? timeOf(new Date(token.expiresAt)) : '';
  document.body.classList.toggle('has-token', !!token);
}

/**
 * Draws the ring, which shows how much of the token's lifetime is left. The mark is at half: a token with such a short
 * lifetime is refreshed there at the earliest.
 */
function draw() {
  const left = client.token && token ? Math.max(0, token.expiresAt - Date.now()) : 0;
  const lifetime = token ? token.expiresAt - receivedAt : 1;
  $('life').style.strokeDasharray = `${Math.min(100, (100 * left) / lifetime)} 100`;
  $('life').toggleAttribute('data-on', left > 0);
  $('life').toggleAttribute('data-low', left < lifetime / 2);
  $('refresh-mark').toggleAttribute('data-on', left > 0);
  $('remaining').textContent = left ? Math.ceil(left / 1000) : '–';
  $('unit').textContent = left ? 'seconds left' : 'no token';
  requestAnimationFrame(draw);
}

function showError(error) {
  log('error', `${error.code}${error.status ? ` · HTTP ${error.status}` : ''}`, error.hint);
  if (!client.token) showState('failed', error.code, error.hint);
}

client.addEventListener('token', ({ detail }) => {
  const first = !token;
  token = detail;
  receivedAt = Date.now();
  showToken();
  showState('fresh', 'fresh', 'The token is valid. The client refreshes it before it expires.');
  log(
    'token',
    first ? 'Token obtained' : 'Token refreshed',
    `valid for ${Math.round((token.expiresAt - receivedAt) / 1000)} s`,
  );
});

client.addEventListener('error', ({ detail }) => showError(detail));

client.addEventListener('expired', () => {
  log('expired', 'Token gone', 'It expired, or an API refused it.');
  token = null;
  showToken();
  showState('waiting', 'waiting', 'The client is getting a new token.');
});

new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.name.startsWith(config.endpoint)) continue;
    requests++;
    $('requests').textContent = requests;
    log(
      'request',
      `POST ${new URL(entry.name).pathname}`,
      `${Math.round(entry.duration)} ms`,
      performance.timeOrigin + entry.startTime,
    );
  }
}).observe({ type: 'resource', buffered: true });

$('refresh').onclick = () => client.getToken({ forceRefresh: true }).catch(showError);

$('invalidate').onclick = () => {
  client.invalidate(token.accessToken);
  token = null;
  showToken();
  showState('waiting', 'waiting', 'The client is getting a new token.');
  log('expired', 'Token dropped', 'by this page');
  client.getToken().catch(showError);
};

$('show').onclick = () => {
  shown = !shown;
  $('show').textContent = shown ? 'Hide' : 'Show';
  $('show').ariaPressed = String(shown);
  showToken();
};

/** Posts the state to the page around this frame, which has another origin. The token is never posted. */
function postState() {
  const { textContent: label, dataset } = $('state');
  parent.postMessage({ state: dataset.state, label, hint: $('hint').textContent, requests }, '*');
}

function showOtherPage(url) {
  const frame = document.createElement('iframe');
  addEventListener('message', ({ source, data }) => {
    if (source != frame.contentWindow) return;
    showState(data.state, data.label, data.hint, 'other-');
    $('other-requests').textContent = data.requests;
  });
  frame.src = url;
  $('frames').append(frame);
  $('other-origin').textContent = new URL(url).origin;
  $('other-origin').href = url;
  $('other').hidden = false;
}

$('origin').textContent = location.origin;
if (window.top != window)
  new MutationObserver(postState).observe(document.querySelector('.facts'), { subtree: true, childList: true });
else if (config.refusedSite) {
  document.body.classList.add('complete');
  showOtherPage(config.refusedSite);
  showComparisons();
}
showToken();
draw();
client.getToken().catch(() => {}); // the listener for "error" shows it
