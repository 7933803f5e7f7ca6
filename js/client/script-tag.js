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
  const page = globalThis.Document?.prototype;
  const tag = page && Object.getOwnPropertyDescriptor(page, 'currentScript')?.get?.call(document);
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

/** Of an earlier tag: one more, without attributes, takes nothing away. */
const earlier = globalThis.InbentaAuthSDK?.client;

/** @type {api.AuthClient | undefined} */
export const client = clientOfTag() ?? (typeof earlier?.getToken == 'function' ? earlier : undefined);

// Also where the file is loaded as a module, which makes no globals, and where an element of this id is in the way.
globalThis.InbentaAuthSDK = { ...api, client };
