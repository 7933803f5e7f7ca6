// One server for all contenders: any POST grants, in the words of every protocol at once, so that all of them
// read the same bytes. The first part of the path tells who asks.

import { createServer } from 'node:http';
import { listen } from './net.js';

const LIFETIME_S = 1200;

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An ID token as OpenID clients check it: its claims, and only the name of the algorithm. */
function idToken(issuer, issuedS) {
  const claims = { iss: issuer, sub: 'visitor', aud: 'bench', iat: issuedS, exp: issuedS + LIFETIME_S };
  return `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}.${'s'.repeat(86)}`;
}

export function grant(issuer) {
  const now = Math.floor(Date.now() / 1000);
  const token = idToken(issuer, now);
  return {
    ...{ accessToken: token, expiration: now + LIFETIME_S, expires_in: LIFETIME_S, apis: {} },
    ...{
      access_token: token,
      id_token: token,
      refresh_token: token,
      token_type: 'bearer',
      scope: 'openid profile email offline_access',
    },
    ...{ expires_at: now + LIFETIME_S, user: { id: 'visitor' } },
  };
}

/** @returns `failing`: set it, and every POST gets a 503. `requests`: how many POSTs came, by who asked. */
export async function startApi() {
  const api = { failing: false, requests: {} };
  const server = createServer((request, response) => {
    const name = request.url.split('/')[1];
    response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '*');
    response.setHeader('Access-Control-Allow-Credentials', 'true'); // keycloak-js asks with cookies
    if (request.method == 'OPTIONS') {
      response.setHeader('Access-Control-Max-Age', '0'); // each first token is a first one
      response.setHeader('Access-Control-Allow-Headers', request.headers['access-control-request-headers'] ?? '');
      return response.writeHead(204).end();
    }
    request.resume().on('end', () => {
      api.requests[name] = (api.requests[name] ?? 0) + 1;
      if (api.failing) return response.writeHead(503).end();
      response
        .writeHead(200, { 'Content-Type': 'application/json' })
        .end(JSON.stringify(grant(`http://${request.headers.host}/${name}/`)));
    });
  });
  return Object.assign(api, await listen(server));
}
