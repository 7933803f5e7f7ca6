// The entry for a script tag: it sets the global `InbentaAuthSDK`. If the tag has data-domain-key and data-api-key,
// `InbentaAuthSDK.client` is ready to use.

import { OPTIONS as ALL_OPTIONS, ownMembers } from './config.js';
import { AuthClient, AuthError, createFromAccessToken, createFromDomainKey, tokenFrom } from './index.js';

/** The options that the tag can have, as data-…. */
const OPTIONS = ['endpoint', 'connectionEntryPoint', 'domainKeyName', 'persist', 'environment', 'source', 'userType'];
const KNOWN = ['domainKey', 'apiKey', ...OPTIONS];

/**
 * The tag itself. `document.currentScript` is read by its getter, because markup can shadow the property:
 * `<img name="currentScript" data-endpoint="…">`. In a module there is no tag.
 * @returns {HTMLScriptElement | null | undefined}
 */
function ownTag() {
  const page = globalThis.Document?.prototype;
  return page && Object.getOwnPropertyDescriptor(page, 'currentScript')?.get?.call(document);
}

const attributeOf = (name) => `data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The letters of a name. HTML makes data-autoRefresh data-autorefresh, so capitals and hyphens do not count. */
const lettersOf = (name) => name.toLowerCase().replace(/[^a-z]/g, '');

/** Whether the letters of two names differ in one place only, by a letter or two. */
function isNear(...names) {
  const [one, other] = names.map(lettersOf);
  const isNearAt = (i) => one.startsWith(other.slice(0, i)) && one.endsWith(other.slice(i + 2));
  return Math.abs(one.length - other.length) < 2 && [...other].some((letter, i) => isNearAt(i));
}

/** What is wrong with a name on the tag; undefined if it is right, or of another library: those are left alone. */
function mistakeIn(name) {
  if (KNOWN.includes(name)) return undefined;
  if (/secret/i.test(name))
    return `${attributeOf(name)} is ignored: everybody can read it here, so replace that secret.`;
  const meant = KNOWN.find((known) => isNear(name, known));
  if (meant) return `${attributeOf(name)} is ignored: write ${attributeOf(meant)}.`;
  const option = Object.keys(ALL_OPTIONS).find((known) => lettersOf(known) == lettersOf(name));
  if (option) return `${attributeOf(name)} is ignored: only createFromDomainKey takes ${option}.`;
}

/** Makes the client. A mistake on the tag is printed on the console, and the page can still make a client itself. */
function clientOfTag() {
  const tag = ownTag();
  const own = ownMembers(tag?.dataset);
  const { domainKey, apiKey } = own;
  const mistakes = Object.keys(own).map(mistakeIn).filter(Boolean);
  for (const name of ['domain-key', 'api-key'])
    if (tag?.hasAttribute(name)) mistakes.push(`${name} is ignored: write data-${name}.`);
  const options = Object.fromEntries(OPTIONS.map((name) => [name, own[name]]));
  const errors = [];
  let client;
  try {
    if (domainKey !== undefined || apiKey !== undefined) client = createFromDomainKey(domainKey, apiKey, options);
  } catch (error) {
    errors.push(error);
    const hint = error.hint.replace(/\w+/g, (name) => (KNOWN.includes(name) ? attributeOf(name) : name));
    const needed = domainKey && apiKey ? '' : ' The tag needs data-domain-key and data-api-key.';
    mistakes.push(`There is no client: ${hint}${needed}`);
  }
  if (mistakes[0]) console.error(`InbentaAuthSDK: ${mistakes.join(' ')}`, ...errors);
  return client;
}

/** The client of an earlier tag. A second tag without attributes must not remove it. */
const earlier = globalThis.InbentaAuthSDK?.client;

const client = clientOfTag() ?? (typeof earlier?.getToken == 'function' ? earlier : undefined);

// Set it explicitly: an element with this id may be in the way. No `import *`: the bundler's code for that would take
// members that a page adds to Object.prototype for exports.
globalThis.InbentaAuthSDK = { AuthClient, AuthError, createFromAccessToken, createFromDomainKey, tokenFrom, client };
