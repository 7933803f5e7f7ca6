// Load on /auth and on /refreshToken, next to the same work without us (bare_mhd.c): the same signatures and the same
// rows of the same database under the same libmicrohttpd, on the same machine, in the same run, in turns. What our
// handlers add is parsing, checks, JSON and a line in the log for each request. Limit: 0.7 of the bare program's
// requests a second.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Authd } from '../../support/authd.js';

const BARE = fileURLToPath(new URL('../../../build/native/tests/bench/server/bare_mhd', import.meta.url));
const ROUNDS = 5; // so that what else the machine does meets all alike
const SECONDS = 2;
const CONNECTIONS = [16, 1000];
const SHARE = 0.7;
const SITES = 50; // each with its domain key and its origin
const TOKENS = 2000; // refreshed in turn
const API_KEYS = 2;

const folder = await mkdtemp(join(tmpdir(), 'authd-bench-'));

/**
 * wrk's script and its requests, each {headers, body}, which it sends in turn. In files and not in arguments: there
 * are tokens in them. The script prints one line of JSON.
 */
async function scriptFor(name, path, requests) {
  const [file, data] = [join(folder, `${name}.lua`), join(folder, `${name}.requests`)];
  const fields = requests.map(({ headers, body = '' }) => [body, ...Object.entries(headers).flat()].join('\t'));
  await writeFile(data, fields.join('\n'), { mode: 0o600 });
  const script = `
local requests, last = {}, 0
init = function()
  for line in io.lines(${JSON.stringify(data)}) do
    local fields, headers = {}, {}
    for field in (line .. '\\t'):gmatch('(.-)\\t') do fields[#fields + 1] = field end
    for i = 2, #fields, 2 do headers[fields[i]] = fields[i + 1] end
    requests[#requests + 1] = wrk.format('POST', ${JSON.stringify(path)}, headers, fields[1])
  end
end
request = function()
  last = last % #requests + 1
  return requests[last]
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\n{"requests":%d,"us":%d,"p99Us":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\\n',
    summary.requests, summary.duration, latency:percentile(99), errors.connect, errors.read, errors.write, errors.status,
    errors.timeout))
end`;
  await writeFile(file, script, { mode: 0o600 });
  return file;
}

/** What a process has used of the processors so far, in microseconds (proc(5): fields 14 and 15, in hundredths). */
async function cpuUs(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Load on a server, which is process `pid`. */
async function load({ url, pid }, file, connections) {
  const cpuBefore = await cpuUs(pid);
  const { stdout } = await promisify(execFile)('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${SECONDS}`,
    '-s',
    file,
    new URL(url).origin,
  ]);
  const { requests, us, p99Us, ...errors } = JSON.parse(stdout.trim().split('\n').at(-1));
  if (Object.values(errors).some((count) => count))
    throw new Error(`some of ${requests} requests to ${url} failed: ${JSON.stringify(errors)}`);
  return {
    requests,
    perSecond: (requests / us) * 1e6,
    p99Ms: p99Us / 1000,
    cpuUs: ((await cpuUs(pid)) - cpuBefore) / requests,
  };
}

async function tokenFor(endpoint, { headers, body }) {
  const answer = await fetch(`${endpoint}/auth`, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`no token: ${answer.status}`);
  return (await answer.json()).accessToken;
}

/** So many different tokens, and the requests that refresh them: `grants` are asked in turn. */
async function refreshes(endpoint, grants, count) {
  const refreshed = new Map();
  while (refreshed.size < count)
    for (const { grant, token } of await Promise.all(
      grants.map(async (grant) => ({ grant, token: await tokenFor(endpoint, grant) })),
    ))
      refreshed.set(token, { headers: { ...grant.headers, Authorization: `Bearer ${token}` } });
  return [...refreshed.values()].slice(0, count);
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

const authd = await Authd.create();
let bare;
try {
  const endpoint = await authd.serve({ logFile: join(folder, 'log'), words: ['--trusted-proxy', '127.0.0.1'] });
  const ours = { url: endpoint, pid: authd.pid };
  const apiKeys = await Promise.all(Array.from({ length: API_KEYS }, (_, i) => authd.createApiKey(`bench ${i}`)));
  const grants = [];
  for (let i = 0; i < SITES; i++) {
    const [apiKey, host] = [apiKeys[i % API_KEYS], `www.shop-${i}.example`];
    const { domainKey } = await authd.createDomainKey(apiKey, [host, `*.shop-${i}.example`]);
    grants.push({
      headers: { 'x-inbenta-key': apiKey, Origin: `https://${host}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ domainKey }),
    });
  }
  bare = spawn(BARE, [authd.db], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = await once(bare.stdout.setEncoding('utf8'), 'data');
  const same = { url: `http://127.0.0.1:${port.trim()}`, pid: bare.pid };
  const scripts = {
    '/auth': await scriptFor('auth', '/v1/auth', grants),
    '/refreshToken': await scriptFor('refresh', '/v1/refreshToken', await refreshes(endpoint, grants, TOKENS)),
  };

  console.log(`Median of ${ROUNDS} rounds of ${SECONDS} s; ${SITES} domain keys, ${TOKENS} tokens\n`);
  console.log(
    '| request | connections | server | requests/s | p99, ms | CPU of the server, µs a request | of the same work |\n| --- | ---: | --- | ---: | ---: | ---: | ---: |',
  );
  for (const [path, file] of Object.entries(scripts))
    for (const connections of CONNECTIONS) {
      const rounds = [];
      for (let round = 0; round < ROUNDS; round++)
        rounds.push({ bare: await load(same, file, connections), authd: await load(ours, file, connections) });
      const share = median(rounds.map((round) => round.authd.perSecond / round.bare.perSecond));
      for (const name of ['bare', 'authd']) {
        const [perSecond, p99, cpu] = ['perSecond', 'p99Ms', 'cpuUs'].map((field) =>
          median(rounds.map((round) => round[name][field])),
        );
        console.log(
          `| ${path} | ${connections} | ${name == 'bare' ? 'the same work' : 'inbenta-authd'} | ${perSecond.toFixed(0)} | ${p99.toFixed(2)} | ${cpu.toFixed(1)} | ${name == 'bare' ? '' : share.toFixed(2)} |`,
        );
      }
      if (share >= SHARE) continue;
      console.log(`${path}, ${connections} connections: ${share.toFixed(2)} of the same work is less than ${SHARE}`);
      process.exitCode = 1;
    }
} finally {
  bare?.stdin.end();
  await authd.remove();
  await rm(folder, { recursive: true });
}
