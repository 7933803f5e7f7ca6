// Load on /auth for a domain key and on /refreshToken, next to a bare libmicrohttpd answer: same machine, same run,
// same requests. Exits with 1 if inbenta-authd gives less than half of the bare answers.

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
  const targets = [
    { name: 'bare', url: `http://127.0.0.1:${port.trim()}`, lua: script('/v1/auth', headers, body) },
    { name: '/auth', url: endpoint, lua: script('/v1/auth', headers, body) },
    { name: '/refreshToken', url: endpoint, lua: script('/v1/refreshToken', { ...headers, Authorization: `Bearer ${accessToken}` }, '') },
  ];
  for (const target of targets) {
    target.results = [];
    target.file = join(folder, `${targets.indexOf(target)}.lua`);
    await writeFile(target.file, target.lua, { mode: 0o600 });
  }
  for (let round = 0; round < ROUNDS; round++) for (const target of targets) target.results.push(await measure(target));

  console.log(`${CONNECTIONS} connections, median of ${ROUNDS} rounds of ${SECONDS} s\n`);
  const perSecond = ({ results }) => median(results.map((result) => result.perSecond));
  for (const target of targets) {
    const share = perSecond(target) / perSecond(targets[0]);
    const p99 = median(target.results.map((result) => result.p99Ms));
    console.log(`${target.name.padEnd(14)} ${perSecond(target).toFixed(0).padStart(7)} requests/s   p99 ${p99.toFixed(2).padStart(6)} ms   ${(share * 100).toFixed(0).padStart(3)} % of bare`);
    if (share < SHARE) process.exitCode = 1;
  }
  if (process.exitCode) console.log(`\nless than ${SHARE * 100} % of what libmicrohttpd alone answers`);
} finally {
  bare.stdin.end();
  await authd.remove();
  await rm(folder, { recursive: true });
}
