// The administration page. `inbenta-authd serve --admin-token-file` serves it at /admin/.
// The admin token is in one variable of this file and nowhere else. Texts are never inserted as HTML.

const TIMEOUT_MS = 15_000;

let token = '';
let busy = false;

const $ = (selector, within = document) => within.querySelector(selector);
const lists = ['api-keys', 'domain-keys', 'secrets', 'signing-keys'];

/** The server's message is shown as is: it contains the advice. */
async function request(path, body) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body) headers['Content-Type'] = 'application/json';
  const options = {
    method: body ? 'POST' : 'GET',
    headers,
    body: body && JSON.stringify(body),
    credentials: 'omit',
    cache: 'no-store',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  const response = await fetch(path, options).catch(() => {
    throw new Error('The server is not responding.');
  });
  const json = await response.json().catch(() => undefined);
  if (response.ok && json) return json;
  if (response.status == 401) signOut();
  throw new Error(json?.error?.message ?? `The server answered ${response.status} without a message.`);
}

// ---------------------------------------------------------------------------------------------------
// Display.

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const minute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/**
 * Copies a template and fills in the fields of an entry. Elements of class "if-any" are removed if the entry lacks
 * their field. The buttons of the copy act on this entry.
 */
function make(template, entry) {
  const element = $(`#${template}`).content.firstElementChild.cloneNode(true);
  element.id = entry.id;
  element.entry = entry;
  for (const button of element.querySelectorAll('button'))
    button.setAttribute('aria-label', `${button.textContent}: ${entry.name ?? entry.id}`);
  for (const field of element.querySelectorAll('[data-field]')) {
    const value = entry[field.dataset.field];
    if (field.localName != 'time') field.textContent = value ?? '';
    else if (value) {
      field.dateTime = value;
      field.title = minute.format(new Date(value));
      field.textContent = field.dataset.show == 'day' ? day.format(new Date(value)) : field.title;
    }
    if (value === undefined) field.closest('.if-any')?.remove();
  }
  return element;
}

function makeItem(text, className = '') {
  const item = document.createElement('li');
  item.className = className;
  item.textContent = text;
  return item;
}

function makeCredential(credential) {
  const element = make('credential', credential);
  const expired = Date.parse(credential.expires) <= Date.now();
  element.dataset.state = credential.revoked ? 'revoked' : expired ? 'expired' : 'active';
  $('.state', element).textContent = element.dataset.state;
  const ends = $('.ends', element);
  if (ends) ends.textContent = expired ? 'expired' : 'expires';
  $('.value', element).hidden = !credential.domainKey;
  $('.domains', element).append(...(credential.domains ?? []).map((domain) => makeItem(domain)));
  $('.actions', element).hidden = element.dataset.state != 'active';
  $('[data-do=setDomains]', element).hidden = !credential.domains;
  $('[data-do=rotateSecret]', element).hidden = Boolean(credential.domains);
  return element;
}

function makeApiKey(key, credentials) {
  const element = make('api-key', key);
  element.dataset.state = key.revoked ? 'revoked' : 'active';
  $('.state', element).textContent = element.dataset.state;
  if (key.revoked)
    for (const button of element.querySelectorAll('[data-do^=create], [data-do^=revoke]')) button.hidden = true;
  for (const list of element.querySelectorAll('[data-list]')) {
    const own = credentials[list.dataset.list].filter(({ apiKeyId }) => apiKeyId == key.id);
    const made = own.map(makeCredential);
    const isActive = ({ dataset }) => dataset.state == 'active';
    made.sort((a, b) => isActive(b) - isActive(a)); // active keys first
    list.append(...(made.length ? made : [makeItem('None yet.', 'empty')]));
  }
  return element;
}

const showStatus = (text) => ($('#status').textContent = text);

/** The search appears from this number of keys. */
const SEARCH_FROM = 8;

/** The text that the search looks at, for an API key's card or a credential. */
const searchText = ({ entry: { name, id, apiKey, domainKey, domains }, dataset: { state } }) =>
  [name, id, apiKey, domainKey, domains, state].flat().join(' ').toLowerCase();

/**
 * Shows the keys that contain every word of the search, or whose API key does. Returns the number of API keys shown.
 */
function search() {
  const words = $('#search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (text) => words.every((word) => text.includes(word));
  const cards = [...document.querySelectorAll('.api-key')];
  for (const card of cards) {
    const own = searchText(card);
    for (const list of card.querySelectorAll('[data-list]')) {
      const credentials = [...list.querySelectorAll('.credential')];
      for (const credential of credentials) credential.hidden = !matches(`${own} ${searchText(credential)}`);
      list.hidden = list.previousElementSibling.hidden = !matches(own) && credentials.every(({ hidden }) => hidden);
    }
    card.hidden = [...card.querySelectorAll('[data-list]')].every(({ hidden }) => hidden);
  }
  const shown = cards.filter(({ hidden }) => !hidden).length;
  return !words.length ? '' : shown ? `${shown} of ${cards.length} API keys.` : 'No keys match.';
}

/** Moves the focus to the element with this id. If the search hides it, the search is cleared. */
function focusOn(id) {
  const element = document.getElementById(id);
  if (element?.closest('[hidden]')) {
    $('#search').value = '';
    search();
  }
  element?.focus();
}

/** Loads all keys from the server and shows them. */
async function load() {
  const [keys, domainKeys, secrets, signingKeys] = await Promise.all(lists.map((path) => request(path)));
  $('#sign-in').hidden = true;
  $('#signed-in').hidden = false;
  $('#problem').textContent = '';
  $('#keys').replaceChildren(...keys.map((key) => makeApiKey(key, { 'domain-keys': domainKeys, secrets })));
  $('#signing ul').replaceChildren(
    ...(signingKeys.length
      ? signingKeys.map((key) => make('signing-key', { id: key.kid, ...key }))
      : [makeItem('None yet.', 'empty')]),
  );
  $('#signing').hidden = false;
  $('#search-bar').hidden = keys.length + domainKeys.length + secrets.length < SEARCH_FROM;
  if ($('#search-bar').hidden) $('#search').value = '';
  showStatus(keys.length ? search() : 'There is no API key yet.');
}

function signOut() {
  token = '';
  $('#keys').replaceChildren();
  $('#signing').hidden = true;
  $('#search-bar').hidden = true;
  $('#search').value = '';
  $('#sign-in').hidden = false;
  $('#signed-in').hidden = true;
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  showStatus('');
  $('#token').focus();
}

/** Runs `action`, one at a time. An error is shown in `place`. */
async function attempt(place, action) {
  if (busy) return;
  busy = true;
  place.textContent = '';
  try {
    await action();
  } catch ({ message }) {
    (place.closest('dialog:not([open])') ? $('#problem') : place).textContent = message;
  } finally {
    busy = false;
  }
}

/**
 * Opens a dialog. `action` gets its form. When it is done, the dialog closes, and the focus moves to the returned id.
 */
function open(id, action) {
  const dialog = $(`#${id}`);
  const problem = $('.problem', dialog);
  problem.textContent = '';
  $('form', dialog).onsubmit = (event) => {
    event.preventDefault();
    attempt(problem, async () => {
      const focus = await action();
      dialog.close();
      focusOn(focus);
    });
  };
  dialog.showModal();
}

// ---------------------------------------------------------------------------------------------------
// Actions: a button names its action in data-do. The action gets the entry that the button belongs to.

/** Makes a change, loads all keys again and shows the message of `messageOf`. Returns the id of the changed entry. */
async function change(path, body, messageOf) {
  const changed = await request(path, body);
  await load();
  showStatus(messageOf(changed));
  return changed.id ?? changed.kid;
}

/** Shows a new secret once, then loads all keys again. */
function showSecret({ id, secret }) {
  const shown = $('#secret-dialog code');
  shown.textContent = secret; // first, because the secret cannot be shown a second time
  $('#secret-dialog').onclose = () => {
    shown.textContent = '';
    attempt($('#problem'), async () => {
      await load();
      focusOn(id);
    });
  };
  open('secret-dialog', () => {});
}

/** Calls `save` with the typed domains, one in each line. */
function editDomains(title, domains, save) {
  $('#domains-title').textContent = title;
  $('#domains').value = domains.join('\n');
  open('domains-dialog', () =>
    save(
      $('#domains')
        .value.split('\n')
        .map((line) => line.trim())
        .filter(Boolean),
    ),
  );
}

/** Asks for confirmation, shows the consequence, and revokes. */
function revoke(name, list, body, consequence) {
  $('#revoke-title code').textContent = name;
  $('#revoke-help').textContent = `${consequence} This cannot be undone.`;
  open('revoke-dialog', () => change(`${list}/revoke`, body, () => `${name} was revoked.`));
}

const actions = {
  load,

  signOut,

  createApiKey() {
    $('#name').value = '';
    open('name-dialog', () =>
      change('api-keys', { name: $('#name').value }, ({ name }) => `API key ${name} was created.`),
    );
  },

  createDomainKey({ apiKey, name }) {
    editDomains(`New domain key of ${name}`, [], (domains) =>
      change('domain-keys', { apiKey, domains }, ({ id }) => `Domain key ${id} was created.`),
    );
  },

  setDomains({ id, domains }) {
    editDomains(`Domains of ${id}`, domains, (domains) =>
      change('domain-keys/set-domains', { id, domains }, () => `${id} allows these domains from now on.`),
    );
  },

  async createSecret({ apiKey }) {
    showSecret(await request('secrets', { apiKey }));
  },

  rotateSecret({ id }) {
    $('#rotate-title code').textContent = id;
    open('rotate-dialog', async () => {
      const made = await request('secrets/rotate', { id, overlap: Number($('#overlap').value) });
      $('#rotate-dialog').close();
      showSecret(made);
    });
  },

  rotateSigningKey() {
    open('signing-dialog', () => change('signing-keys/rotate', {}, ({ kid }) => `Signing key ${kid} is published.`));
  },

  revoke({ id, domains }) {
    revoke(
      id,
      domains ? 'domain-keys' : 'secrets',
      { id },
      'It is refused immediately, and its tokens can no longer be refreshed.',
    );
  },

  revokeApiKey({ id, name }) {
    revoke(
      name,
      'api-keys',
      { id },
      'All requests with this API key are refused immediately, with any domain key, secret or token.',
    );
  },

  revokeSigningKey({ kid }) {
    revoke(
      kid,
      'signing-keys',
      { id: kid },
      'Every token that it signed is refused within one second, also by other servers on this database. If no other key can sign, a new one is created.',
    );
  },

  close: (entry, button) => button.closest('dialog').close(),

  async copy(entry, button) {
    await navigator.clipboard.writeText($('code', button.parentElement).textContent);
    showStatus('Copied.');
  },
};

document.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-do]');
  if (!button) return;
  const { entry } = button.closest('.credential, .api-key') ?? {};
  attempt($('#problem'), () => actions[button.dataset.do](entry, button));
});

$('#sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  token = $('#token').value;
  $('#token').value = '';
  attempt($('#problem'), load);
});

$('#search').addEventListener('input', () => showStatus(search()));

// Browsers give no clipboard to pages that another machine serves over plain http.
document.body.classList.toggle('no-clipboard', !navigator.clipboard);
