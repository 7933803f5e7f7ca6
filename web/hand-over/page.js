// Gets its first token, and every later one that it cannot get by refreshing, from its own server.

import { createFromAccessToken } from '/dist/inbenta-auth.js';

const show = (text) => {
  const entry = document.createElement('li');
  entry.textContent = `${new Date().toLocaleTimeString()}  ${text}`;
  document.querySelector('#events').append(entry);
};

const askServer = async ({ signal } = {}) => {
  const answer = await fetch('/token', { method: 'POST', signal });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  show('The server handed a token over.');
  return answer.json();
};

const { apiKey, endpoint } = await (await fetch('/config.json')).json();
const { accessToken, ...more } = await askServer();
const client = createFromAccessToken(accessToken, apiKey, { ...more, endpoint, reauthorize: askServer });
client.addEventListener('token', ({ detail }) => show(`A token until ${new Date(detail.expiresAt).toLocaleTimeString()}.`));
client.addEventListener('expired', () => show('The token expired.'));
client.addEventListener('error', ({ detail }) => show(detail.hint));
await client.getToken();
window.client = client; // for the console, and for tests
