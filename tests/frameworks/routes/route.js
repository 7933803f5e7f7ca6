// `node route.js FRAMEWORK HANDLER ROUTE`: serves /token by a framework, with the route as the document has it, and asks it once.
// Prints the status and the members of the answer.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { startEmulator } from 'inbenta-auth/emulator';
import * as handlers from 'inbenta-auth/server';

/** For each framework: an application for the route, with what the route needs besides, and the server. */
const FRAMEWORKS = {
  'Express 4': async () => onNode((await import('express4')).default()),
  'Express 5': async () => onNode((await import('express')).default()),
  async 'Fastify 5'() {
    const app = (await import('fastify')).default();
    return { app, listen: async () => (await app.listen({ port: 0, host: '127.0.0.1' }), app.server) };
  },
  async 'Koa 3'() {
    const app = new (await import('koa')).default();
    return { app, listen: () => serve(app.callback()) };
  },
  async 'h3 1, Nuxt'() {
    const { createApp, fromNodeMiddleware, toNodeListener } = await import('h3');
    const app = createApp();
    return { app, fromNodeMiddleware, listen: () => serve(toNodeListener(app)) };
  },
  async 'Hono 4'() {
    const app = new (await import('hono')).Hono();
    const { getRequestListener } = await import('@hono/node-server');
    return { app, listen: () => serve(getRequestListener(app.fetch)) };
  },
};

const onNode = (app) => ({ app, listen: () => serve(app) });

async function serve(listener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const [framework, handler, route] = process.argv.slice(2);
const { app, fromNodeMiddleware, listen } = await FRAMEWORKS[framework]();
const emulator = await startEmulator();
const { secret, apiKey, endpoint } = emulator;
const client = handlers.createFromSecret(secret, apiKey, { endpoint });
const token = handlers[handler](client, { authorize: (request) => request.headers.get('Cookie') == 'session=1' });
new Function('app', 'token', 'fromNodeMiddleware', route)(app, token, fromNodeMiddleware);
const server = await listen();
const url = `http://127.0.0.1:${server.address().port}/token`;
for (const Cookie of ['session=1', '']) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { Cookie, 'Content-Type': 'application/json' },
    body: '{}',
  });
  console.log(answer.status, Object.keys(await answer.json()).join());
}
client.dispose();
await emulator.close();
process.exit();
