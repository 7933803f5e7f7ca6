// Script-tag build: global `InbentaAuthSDK`. With data-domain-key and data-api-key on the tag, `InbentaAuthSDK.client`
// is ready to use.

import * as api from './index.js';

export * from './index.js';

/** The options that can stand on the tag, as data-…. */
const OPTIONS = ['endpoint', 'connectionEntryPoint', 'domainKeyName', 'persist', 'environment', 'source', 'userType'];

/**
 * The tag's own attributes. `document.currentScript` is read by its getter, as markup can shadow the property:
 * `<img name="currentScript" data-endpoint="…">`. A module has no tag.
 * @returns {Record<string, string | undefined>}
 */
function attributes() {
  if (!globalThis.document) return {};
  const tag = Object.getOwnPropertyDescriptor(Document.prototype, 'currentScript')?.get?.call(document);
  return { ...tag?.dataset };
}

/** A mistake on the tag is said on the console, and the page can still make a client itself. */
function clientOfTag() {
  const { domainKey, apiKey, ...more } = attributes();
  if (domainKey === undefined && apiKey === undefined) return undefined;
  try {
    return api.createFromDomainKey(domainKey, apiKey, Object.fromEntries(OPTIONS.map((name) => [name, more[name]])));
  } catch (error) {
    console.error('InbentaAuthSDK: a data-… attribute of the script tag is wrong.', error);
  }
}

/** @type {api.AuthClient | undefined} */
export const client = clientOfTag();

// Also where the file is loaded as a module, which makes no globals, and where an element of this id is in the way.
globalThis.InbentaAuthSDK = { ...api, client };
