// Load on /auth for a domain key and on /refreshToken, next to what the libraries alone do: same machine, same run,
// same requests. A fixed answer of libmicrohttpd is one measure, and one that no server reaches which signs a token
// for each request: a signature alone takes several times as long. So the limit is half of the same answer with
// the signature that /auth makes, and the check besides that /refreshToken makes.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Authd } from '../../../web/authd.js';

const BARE = fileURLToPath(new URL('../../../build/native/tests/bench/server/bare_mhd', import.meta.url));
const ROUNDS = 3; // each measures all three in turn, so that what else the machine does meets all alike
const SECONDS = 3;
const CONNECTIONS = 16;
const SHARE = 0.5;
const ORIGIN = 'https://shop.example';

/** wrk's script, in Lua, from a file and not from arguments: there is a token in it. Prints one line of JSON. */
const script = (path, headers, body) => `
wrk.method = 'POST'
wrk.path = ${JSON.stringify(path)}
wrk.body = ${JSON.stringify(body)}
${Object.entries(headers).map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`).join('\n')}
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\n{"requests":%d,"us":%d,"p99Us":%d,"errors":%d}\\n', summary.requests, summary.duration,
    latency:percentile(99), errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end`;

async function measure({ file, url }) {
  const { stdout } = await promisify(execFile)('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}`, '-s', file, new URL(url).origin]);
  const { requests, us, p99Us, errors } = JSON.parse(stdout.trim().split('\n').at(-1));
  if (errors) throw new Error(`${errors} of ${requests} requests failed`);
  return { perSecond: (requests / us) * 1e6, p99Ms: p99Us / 1000 };
}

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

const folder = await mkdtemp(join(tmpdir(), 'authd-bench-'));
const authd = await Authd.create();
const bare = spawn(BARE, { stdio: ['pipe', 'pipe', 'inherit'] });
try {
  const [port] = await once(bare.stdout.setEncoding('utf8'), 'data');
  const endpoint = await authd.serve();
  const apiKey = await authd.createApiKey('bench');
  const { domainKey } = await authd.createDomainKey(apiKey, [ORIGIN]);
  const headers = { 'x-inbenta-key': apiKey, Origin: ORIGIN, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ domainKey });
  const { accessToken } = await (await fetch(`${endpoint}/auth`, { method: 'POST', headers, body })).json();
  const bearer = { ...headers, Authorization: `Bearer ${accessToken}` };
  const bareUrl = `http://127.0.0.1:${port.trim()}`;
  const targets = [
    { name: 'fixed answer', url: bareUrl, lua: script('/v1/auth', headers, body) },
    { name: '… and signature', url: bareUrl, lua: script('/sign/auth', headers, body) },
    { name: '… and check', url: bareUrl, lua: script('/sign/refreshToken', bearer, '') },
    { name: '/auth', url: endpoint, lua: script('/v1/auth', headers, body), measure: 1 },
    { name: '/refreshToken', url: endpoint, lua: script('/v1/refreshToken', bearer, ''), measure: 2 },
  ];
  for (const target of targets) {
    target.results = [];
    target.file = join(folder, `${targets.indexOf(target)}.lua`);
    await writeFile(target.file, target.lua, { mode: 0o600 });
  }
  for (let round = 0; round < ROUNDS; round++) for (const target of targets) target.results.push(await measure(target));

  const perSecond = ({ results }) => median(results.map((result) => result.perSecond));
  console.log(`${CONNECTIONS} connections, median of ${ROUNDS} rounds of ${SECONDS} s\n`);
  console.log('| | requests/s | p99, ms | of the fixed answer | of that with the same signatures |\n| --- | ---: | ---: | ---: | ---: |');
  for (const target of targets) {
    const share = (other) => perSecond(target) / perSecond(targets[other]);
    const p99 = median(target.results.map((result) => result.p99Ms));
    const cells = [perSecond(target).toFixed(0), p99.toFixed(2), share(0).toFixed(2), target.measure ? share(target.measure).toFixed(2) : ''];
    console.log(`| ${target.name} | ${cells.join(' | ')} |`);
    if (target.measure && share(target.measure) < SHARE) process.exitCode = 1;
  }
  if (process.exitCode) console.log(`\nless than ${SHARE} of what the libraries alone do`);
} finally {
  bare.stdin.end();
  await authd.remove();
  await rm(folder, { recursive: true });
}
