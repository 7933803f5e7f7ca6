// The administration page. `inbenta-authd serve --admin-token-file` serves it at /admin/.
// The admin token is in one variable of this file and nowhere else. Texts are never inserted as HTML.

const TIMEOUT_MS = 15_000;

let token = '';
let busy = false;

const $ = (selector, within = document) => within.querySelector(selector);
const lists = ['api-keys', 'domain-keys', 'secrets', 'signing-keys'];

/** The server's message is shown as is: it contains the advice. */
async function ask(path, body) {
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
  const answer = await fetch(path, options).catch(() => {
    throw new Error('The server does not answer.');
  });
  const json = await answer.json().catch(() => undefined);
  if (answer.ok && json) return json;
  if (answer.status == 401) forget();
  throw new Error(json?.error?.message ?? `The server answered ${answer.status}, without a reason.`);
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
  if (key.revoked) {
    $('.state', element).textContent = 'revoked';
    for (const button of element.querySelectorAll('[data-do^=create], [data-do^=revoke]')) button.hidden = true;
  }
  for (const list of element.querySelectorAll('[data-list]')) {
    const own = credentials[list.dataset.list].filter(({ apiKeyId }) => apiKeyId == key.id);
    const made = own.map(makeCredential);
    const isActive = ({ dataset }) => dataset.state == 'active';
    made.sort((a, b) => isActive(b) - isActive(a)); // active keys first
    list.append(...(made.length ? made : [makeItem('None yet.', 'empty')]));
  }
  return element;
}

const say = (text) => ($('#status').textContent = text);

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
  const isFound = (text) => words.every((word) => text.includes(word));
  const cards = [...document.querySelectorAll('.api-key')];
  for (const card of cards) {
    const own = searchText(card);
    for (const list of card.querySelectorAll('[data-list]')) {
      const credentials = [...list.querySelectorAll('.credential')];
      for (const credential of credentials) credential.hidden = !isFound(`${own} ${searchText(credential)}`);
      list.hidden = list.previousElementSibling.hidden = !isFound(own) && credentials.every(({ hidden }) => hidden);
    }
    card.hidden = [...card.querySelectorAll('[data-list]')].every(({ hidden }) => hidden);
  }
  const shown = cards.filter(({ hidden }) => !hidden).length;
  return !words.length ? '' : shown ? `${shown} of ${cards.length} API keys.` : 'Nothing is found.';
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
  const [keys, domainKeys, secrets, signingKeys] = await Promise.all(lists.map((path) => ask(path)));
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
  say(keys.length ? search() : 'There is no API key yet.');
}

function forget() {
  token = '';
  $('#keys').replaceChildren();
  $('#signing').hidden = true;
  $('#search-bar').hidden = true;
  $('#search').value = '';
  $('#sign-in').hidden = false;
  $('#signed-in').hidden = true;
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  say('');
  $('#token').focus();
}

/** Runs `act`, one at a time. An error is shown in `place`. */
async function attempt(place, act) {
  if (busy) return;
  busy = true;
  place.textContent = '';
  try {
    await act();
  } catch ({ message }) {
    (place.closest('dialog:not([open])') ? $('#problem') : place).textContent = message;
  } finally {
    busy = false;
  }
}

/**
 * Opens a dialog. `act` gets its form. When `act` is done, the dialog closes, and the focus moves to the returned id.
 */
function open(id, act) {
  const dialog = $(`#${id}`);
  const problem = $('.problem', dialog);
  problem.textContent = '';
  $('form', dialog).onsubmit = (event) => {
    event.preventDefault();
    attempt(problem, async () => {
      const focus = await act();
      dialog.close();
      focusOn(focus);
    });
  };
  dialog.showModal();
}

// ---------------------------------------------------------------------------------------------------
// Actions: a button names its action in data-do. The action gets the entry that the button belongs to.

/** Makes a change, loads all keys again and shows the message of `tell`. Returns the id of the changed entry. */
async function change(path, body, tell) {
  const changed = await ask(path, body);
  await load();
  say(tell(changed));
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

/** Asks once more, saying what follows, and revokes. */
function revoke(name, list, body, what) {
  $('#revoke-title code').textContent = name;
  $('#revoke-help').textContent = `${what} This cannot be undone.`;
  open('revoke-dialog', () => change(`${list}/revoke`, body, () => `${name} is revoked.`));
}

const actions = {
  load,

  signOut: forget,

  createApiKey() {
    $('#name').value = '';
    open('name-dialog', () => change('api-keys', { name: $('#name').value }, ({ name }) => `API key ${name} is made.`));
  },

  createDomainKey({ apiKey, name }) {
    editDomains(`New domain key of ${name}`, [], (domains) =>
      change('domain-keys', { apiKey, domains }, ({ id }) => `Domain key ${id} is made.`),
    );
  },

  setDomains({ id, domains }) {
    editDomains(`Domains of ${id}`, domains, (domains) =>
      change('domain-keys/set-domains', { id, domains }, () => `${id} admits these domains from now on.`),
    );
  },

  async createSecret({ apiKey }) {
    showSecret(await ask('secrets', { apiKey }));
  },

  rotateSecret({ id }) {
    $('#rotate-title code').textContent = id;
    open('rotate-dialog', async () => {
      const made = await ask('secrets/rotate', { id, overlap: Number($('#overlap').value) });
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
      'It is refused at once, and so is the refresh of its tokens.',
    );
  },

  revokeApiKey({ id, name }) {
    revoke(
      name,
      'api-keys',
      { id },
      'Every request with it is refused at once, whichever domain key, secret or token comes along.',
    );
  },

  revokeSigningKey({ kid }) {
    revoke(
      kid,
      'signing-keys',
      { id: kid },
      'Every token that it signed is refused within a second, also by the other servers on this database. If it is the only key, a new one signs from then on.',
    );
  },

  close: (entry, button) => button.closest('dialog').close(),

  async copy(entry, button) {
    await navigator.clipboard.writeText($('code', button.parentElement).textContent);
    say('Copied.');
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

$('#search').addEventListener('input', () => say(search()));

// Browsers give no clipboard to pages that another machine serves over plain http.
document.body.classList.toggle('no-clipboard', !navigator.clipboard);
