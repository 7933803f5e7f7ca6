// Script-tag build: global `InbentaAuthSDK`. With data-domain-key and data-api-key on the tag,
// `InbentaAuthSDK.client` is ready to use.

import * as api from './index.js';

const { domainKey, apiKey, endpoint } = globalThis.document?.currentScript?.dataset ?? {};

export * from './index.js';

/** @type {api.AuthClient | undefined} */
export const client = domainKey || apiKey ? api.createFromDomainKey(domainKey, apiKey, { endpoint }) : undefined;
