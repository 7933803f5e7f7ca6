// Load on /auth for domain keys and on /refreshToken, next to a fixed answer of libmicrohttpd to the same requests:
// on the same machine, in the same run, a round of each after the other. Limit: half of that.
//
// A crowd asks: some sites, each with its domain key and its origin, and a few thousand tokens that are refreshed in
// turn. Below that the worst cases, for which there is no limit: each request costs a signature, and a check besides,
// because nobody shares a secret's tokens and because another instance made those that are refreshed. What the same
// Ed25519 operations leave of the fixed answer stands beside them. All requests are logged, to a file.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Authd } from '../../support/authd.js';

const BARE = fileURLToPath(new URL('../../../build/native/tests/bench/server/bare_mhd', import.meta.url));
const ROUNDS = 7; // so that what else the machine does meets all alike
const SECONDS = 2;
const CONNECTIONS = 16;
const SHARE = 0.5;
const SITES = 50;
const TOKENS = 2000; // refreshed again and again
const FRESH_TOKENS = 12_000; // refreshed once
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
  io.write(string.format('\\n{"requests":%d,"us":%d,"p99Us":%d,"errors":%d}\\n', summary.requests, summary.duration,
    latency:percentile(99), errors.connect + errors.read + errors.write + errors.status + errors.timeout))
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
async function load({ url, pid }, file, seconds = SECONDS) {
  const cpuBefore = await cpuUs(pid);
  const { stdout } = await promisify(execFile)('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}`, '-s', file, new URL(url).origin]);
  const { requests, us, p99Us, errors } = JSON.parse(stdout.trim().split('\n').at(-1));
  if (errors) throw new Error(`${errors} of ${requests} requests failed`);
  return { requests, perSecond: (requests / us) * 1e6, p99Ms: p99Us / 1000, cpuUs: ((await cpuUs(pid)) - cpuBefore) / requests };
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
    for (const { grant, token } of await Promise.all(grants.map(async (grant) => ({ grant, token: await tokenFor(endpoint, grant) }))))
      refreshed.set(token, { headers: { ...grant.headers, Authorization: `Bearer ${token}` } });
  return [...refreshed.values()].slice(0, count);
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** What was measured, and its share of `measure`, which was measured right before it in each round. */
class Row {
  results = [];
  constructor(name, run, measure) {
    Object.assign(this, { name, run, measure });
  }
  get share() {
    return median(this.results.map(({ perSecond }, round) => perSecond / this.measure.results[round].perSecond));
  }
  toString() {
    const [perSecond, p99, cpu] = ['perSecond', 'p99Ms', 'cpuUs'].map((field) => median(this.results.map((result) => result[field])));
    return `| ${this.name} | ${perSecond.toFixed(0)} | ${p99.toFixed(2)} | ${cpu.toFixed(1)} | ${this.measure ? this.share.toFixed(2) : ''} |`;
  }
}

async function runRounds(rows, rounds) {
  for (let round = 0; round < rounds; round++) for (const row of rows) row.results.push(await row.run());
}

function print(title, rows) {
  console.log(`${title}\n\n| | requests/s | p99, ms | CPU of the server, µs a request | requests/s, of the row above |\n| --- | ---: | ---: | ---: | ---: |\n${rows.join('\n')}\n`);
}

const authd = await Authd.create();
const another = await Authd.create(authd.db);
const bare = spawn(BARE, { stdio: ['pipe', 'pipe', 'inherit'] });
try {
  const [port] = await once(bare.stdout.setEncoding('utf8'), 'data');
  const fixed = { url: `http://127.0.0.1:${port.trim()}`, pid: bare.pid };
  const serve = { logFile: join(folder, 'log') };
  const endpoint = await authd.serve(serve);
  const ours = { url: endpoint, pid: authd.pid };
  const apiKeys = await Promise.all(Array.from({ length: API_KEYS }, (_, i) => authd.createApiKey(`bench ${i}`)));
  const grants = [];
  for (let i = 0; i < SITES; i++) {
    const [apiKey, host] = [apiKeys[i % API_KEYS], `www.shop-${i}.example`];
    const { domainKey } = await authd.createDomainKey(apiKey, [host, `*.shop-${i}.example`]);
    grants.push({ headers: { 'x-inbenta-key': apiKey, Origin: `https://${host}`, 'Content-Type': 'application/json' }, body: JSON.stringify({ domainKey }) });
  }
  const { secret } = await authd.command('secret', 'create', '--api-key', apiKeys[0]);
  const secretGrant = { headers: { 'x-inbenta-key': apiKeys[0], 'Content-Type': 'application/json' }, body: JSON.stringify({ secret }) };

  const auth = await scriptFor('auth', '/v1/auth', grants);
  const refresh = await scriptFor('refresh', '/v1/refreshToken', await refreshes(endpoint, grants, TOKENS));
  const fixedAuth = new Row("fixed answer to /auth's requests", () => load(fixed, auth));
  const fixedRefresh = new Row("fixed answer to /refreshToken's", () => load(fixed, refresh));
  const limited = [new Row('/auth', () => load(ours, auth), fixedAuth), new Row('/refreshToken', () => load(ours, refresh), fixedRefresh)];
  const rows = [fixedAuth, limited[0], fixedRefresh, limited[1]];
  await runRounds(rows, ROUNDS);
  console.log(`${CONNECTIONS} connections, median of ${ROUNDS} rounds of ${SECONDS} s\n`);
  print(`A crowd: ${SITES} domain keys, each with its origin; ${TOKENS} tokens that are refreshed in turn`, rows);

  const signAuth = await scriptFor('sign-auth', '/sign/auth', [secretGrant]);
  const secretAuth = await scriptFor('secret-auth', '/v1/auth', [secretGrant]);
  const fresh = await refreshes(endpoint, Array(50).fill(secretGrant), FRESH_TOKENS);
  const signRefresh = await scriptFor('sign-refresh', '/sign/refreshToken', fresh);
  const freshRefresh = await scriptFor('fresh-refresh', '/v1/refreshToken', fresh);
  const fixedSign = new Row('fixed answer and a signature', () => load(fixed, signAuth));
  const fixedCheck = new Row('fixed answer, a signature and a check', () => load(fixed, signRefresh, 1));
  const worst = [
    fixedSign,
    new Row('/auth with a secret', () => load(ours, secretAuth), fixedSign),
    fixedCheck,
    new Row("/refreshToken, another instance's tokens", async () => {
      const url = await another.serve(serve); // it knows no token yet
      const result = await load({ url, pid: another.pid }, freshRefresh, 1);
      await another.stop();
      if (result.requests > FRESH_TOKENS) throw new Error('some tokens were refreshed twice');
      return result;
    }, fixedCheck),
  ];
  await runRounds(worst, 3);
  print('The worst case: Ed25519 operations for each request', worst);

  for (const row of limited)
    if (row.share < SHARE) {
      console.log(`${row.name}: ${row.share.toFixed(2)} of the fixed answer is less than ${SHARE}`);
      process.exitCode = 1;
    }
} finally {
  bare.stdin.end();
  await another.remove();
  await authd.remove();
  await rm(folder, { recursive: true });
}
