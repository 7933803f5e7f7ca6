// `node tests/support/hand-over.js` serves the shop with a local Auth API until Ctrl-C. Open the URL that it prints.

import { Authd } from './authd.js';
import { openShop } from './shop.js';

const authd = await Authd.create();
const apiKey = await authd.createApiKey();
const { secret } = await authd.command('secret', 'create', '--api-key', apiKey);
const endpoint = await authd.serve({ lifetimeS: 20, apis: { chatbot: 'https://api.example/prod/chatbot' } });
const shop = await openShop({ secret, apiKey, endpoint, port: 3100 });
console.log(`The shop is open at ${shop.origin}. Its tokens live 20 seconds; close your laptop and come back.`);

process.once('SIGINT', async () => {
  await shop.close();
  await authd.remove();
});
