// An Auth API for the secret flow, on this machine, over http or https. The test writes its answers.

import { execFile, spawn } from 'node:child_process';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const run = promisify(execFile);

/** The API's answer with token number `n`. */
export const grant = (n, expiresIn = 1200) => ({
  accessToken: `token-${n}`,
  expiration: Math.floor(Date.now() / 1000) + expiresIn,
  expires_in: expiresIn,
  apis: { chatbot: 'https://api.example/prod/chatbot', search: 'https://api.example/prod/search' },
});

export function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Listens on a free port for the test `t`. */
export async function listen(t, server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.close(), server.closeAllConnections?.()));
  return server.address().port;
}

/** Starts the API. `answer(response, request, n)` answers request number n, from 1; `tls` is {key, cert}. */
export async function serveApi(t, answer = (response, request, n) => json(response, 200, grant(n)), tls) {
  const requests = [];
  const handle = (request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      requests.push({ method: request.method, url: request.url, headers: request.headers, body });
      answer(response, request, requests.length);
    });
  };
  const port = await listen(t, tls ? createHttps(tls, handle) : createHttp(handle));
  return { requests, port, endpoint: `${tls ? 'https' : 'http'}://localhost:${port}/v1` };
}

/** A temporary folder for the test `t`. */
export async function folderFor(t) {
  const folder = await mkdtemp(join(tmpdir(), 'inbenta-auth-native-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes a self-signed certificate for `name`: {key, cert, file of the certificate, keyFile}. */
export async function certificate(t, name) {
  const folder = await folderFor(t);
  const [keyFile, file] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-addext',
    `subjectAltName=DNS:${name}`,
    '-keyout',
    keyFile,
    '-out',
    file,
  ]);
  return { key: await readFile(keyFile), cert: await readFile(file), file, keyFile };
}

/** Runs a program with no environment variables but `env`. Resolves to {status, stdout, stderr}. */
export function execute(program, words, { env = {}, input = '' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { env: { PATH: process.env.PATH, ...env } });
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (part) => (out[name] += part));
    child.stdin.on('error', () => {}); // the program may not read its input
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status: status ?? signal, ...out }));
  });
}
