import { createFromDomainKey } from 'inbenta-auth';

const { domainKey, apiKey, endpoint } = await (await fetch('/config.json')).json();
const { expiresAt } = await createFromDomainKey(domainKey, apiKey, { endpoint }).getToken();
document.querySelector('output').textContent = `Access token until ${new Date(expiresAt).toLocaleTimeString()}`;
