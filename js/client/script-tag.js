// The entry for a script tag: it sets the global `InbentaAuthSDK`. If the tag has data-domain-key and data-api-key,
// `InbentaAuthSDK.client` is ready to use.

import * as api from './index.js';

export * from './index.js';

/** The options that the tag can have, as data-…. */
const OPTIONS = ['endpoint', 'connectionEntryPoint', 'domainKeyName', 'persist', 'environment', 'source', 'userType'];

/**
 * The tag's own attributes. `document.currentScript` is read by its getter, because markup can shadow the property:
 * `<img name="currentScript" data-endpoint="…">`. In a module there is no tag.
 * @returns {Record<string, string | undefined>}
 */
function attributes() {
  const page = globalThis.Document?.prototype;
  const tag = page && Object.getOwnPropertyDescriptor(page, 'currentScript')?.get?.call(document);
  return { ...tag?.dataset };
}

/** Makes the client. A mistake on the tag is printed on the console, and the page can still make a client itself. */
function clientOfTag() {
  const { domainKey, apiKey, ...more } = attributes();
  if (domainKey === undefined && apiKey === undefined) return undefined;
  try {
    return api.createFromDomainKey(domainKey, apiKey, Object.fromEntries(OPTIONS.map((name) => [name, more[name]])));
  } catch (error) {
    console.error('InbentaAuthSDK: a data-… attribute of the script tag is wrong.', error);
  }
}

/** The client of an earlier tag. A second tag without attributes must not remove it. */
const earlier = globalThis.InbentaAuthSDK?.client;

/** @type {api.AuthClient | undefined} */
export const client = clientOfTag() ?? (typeof earlier?.getToken == 'function' ? earlier : undefined);

// Set it explicitly: a module makes no globals, and an element with this id may be in the way.
globalThis.InbentaAuthSDK = { ...api, client };
