// A small static server for the demo's two origins and the pages of the browser tests. It sends the strictest policy
// that the client promises to support, so that every page tests this promise.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

const folder = (path) => `${resolve(fileURLToPath(new URL('../..', import.meta.url)), path)}/`;
const DIST = folder('dist');

/** The policy of SECURITY.md "What is promised", for pages that call an Auth API at `api`. */
export function strictPolicy(api, { wasm = true, frames = "'none'" } = {}) {
  return [
    "default-src 'none'",
    `script-src 'self'${wasm ? " 'wasm-unsafe-eval'" : ''}`,
    `connect-src ${api} 'self'`,
    "style-src 'self'",
    "img-src 'self'",
    `frame-src ${frames}`,
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

/**
 * Serves a folder of web/ or tests/, and dist/ under /dist/. `files` (path → text) take precedence over both.
 * @param {object} options
 * @param {string} options.root folder, relative to the project or absolute
 * @param {(path: string) => string} options.policy Content-Security-Policy of a page
 * @param {Record<string, string>} [options.files]
 * @param {Record<string, import('node:http').RequestListener>} [options.routes] path → its handler
 * @param {number} [options.port] a free port if 0 or in use
 * @returns {Promise<{origin: string, requested: string[], close: () => Promise<void>}>} `requested` are the paths, in order
 */
export async function serveSite({ root, policy, files = {}, routes = {}, port = 0 }) {
  const rootFolder = folder(root);
  const requested = [];
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://site').pathname);
    if (path != '/favicon.ico') requested.push(path);
    if (Object.hasOwn(routes, path)) return routes[path](request, response);
    const name = path.endsWith('/') ? `${path}index.html` : path;
    try {
      const body =
        files[name] ?? (await readFile(name.startsWith('/dist/') ? DIST + name.slice(6) : rootFolder + name.slice(1)));
      response.writeHead(200, {
        'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream',
        'Content-Security-Policy': policy(name),
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-cache',
      });
      response.end(body);
    } catch {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is no such file.\n');
    }
  });
  await listen(server, port);
  return {
    requested,
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (error.code == 'EADDRINUSE' && port) listen(server, 0).then(resolve, reject);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
