import { createFromDomainKey } from 'inbenta-auth';

const { domainKey, apiKey, endpoint } = await (await fetch('/config.json')).json();
const client = createFromDomainKey(domainKey, apiKey, { endpoint });

async function show() {
  const { expiresAt } = await client.getToken();
  document.querySelector('output').textContent = `Access token until ${new Date(expiresAt).toLocaleTimeString()}`;
}

document.addEventListener('click', show);
await show();
