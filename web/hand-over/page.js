// Gets its first token from its own server, and a new one whenever a refresh is not possible.

import { createFromAccessToken, tokenFrom } from '/dist/inbenta-auth.js';

const show = (text) => {
  const entry = document.createElement('li');
  entry.textContent = `${new Date().toLocaleTimeString()}  ${text}`;
  document.querySelector('#events').append(entry);
};

const tokenFromServer = tokenFrom('/token');
const reauthorize = async (context) => {
  const grant = await tokenFromServer(context);
  show('The server sent a token.');
  return grant;
};

const { apiKey, endpoint } = await (await fetch('/config.json')).json();
const first = await reauthorize(new AbortController());
const client = createFromAccessToken(first, apiKey, { endpoint, reauthorize });
client.addEventListener('token', ({ detail }) =>
  show(`A new token. It expires at ${new Date(detail.expiresAt).toLocaleTimeString()}.`),
);
client.addEventListener('expired', () => show('The token expired.'));
client.addEventListener('error', ({ detail }) => show(detail.hint));
await client.getToken();
window.client = client; // for the console and the tests
