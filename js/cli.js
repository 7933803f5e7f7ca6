#!/usr/bin/env node
// The package's command: `npx inbenta-auth emulator` and `npx inbenta-auth check`.

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { version } from '../package.json'; // esbuild inlines it
import { check, CheckError } from './check.js';
import { startEmulator } from './emulator.cjs';

const USAGE = `inbenta-auth emulator: a local Auth API for development and tests.

  npx inbenta-auth emulator --domain http://localhost:3000

It prints an API key, a domain key for these domains and a secret to use with it.

  --domain DOMAIN    www.example.com (https), *.example.com (its sub-domains), or a full origin such as
                     http://localhost:3000; may be given more than once
  --port PORT        where it listens (8080); 0 takes a free one
  --host ADDRESS     (127.0.0.1) another address lets other machines in
  --allow-host NAME  a name that it answers to, besides localhost; may be given more than once
  --exit-with-parent ends when the program that started it ends (npx included)
  --file FILE        keeps keys in this JSON file; else they are in memory only
  --api NAME=URL     a product's base URL, as clients get it with their token; may be given more than once
  --lifetime S       of access tokens, in seconds (1200)
  --throttle N/S     an API key may ask N times in each S seconds, for example 100/10; beyond that: 429
  --quota N/S        the same for a longer period
  --admin-token-file FILE
                     also serves management and its page at /admin/, for who has the token in FILE
  --personality gateway
                     refuses as production does: without a reason, and a wrong URL is a 403
  --refusal-cache S  with it: a refusal goes on for so many seconds (0; production's may take 300)
  --user-personal-secret TEXT
                     the one that is taken beside a secret; any other one: 422
  --json             prints one JSON object instead of text
  --log text|json    how the line for each request is written on standard error (text)
  --quiet            no such lines
  --help, --version

"npx inbenta-auth check" asks a real Auth API once with your keys; "npx inbenta-auth check --help" says more.

The emulator can misbehave, to test clients:

  --latency MS       waits before it answers
  --status STATUS    answers with this status
  --body TEXT        answers with this body
  --retry-after S    sends Retry-After
  --cut-off          closes the connection in the middle of the body
  --firewall         answers as a firewall or CDN does: 403 and a page of HTML
  --no-cors          leaves out what lets a page of another origin read the answer
  --apis missing     leaves the products out after /auth; empty writes them as []
  --clock-offset S   its clock is ahead by so many seconds; write --clock-offset=-30 for behind
  --path PATH        only /auth, /refreshToken or /apis
  --next N           only the next N requests
`;

const text = { type: 'string' };
const list = { type: 'string', multiple: true };
const flag = { type: 'boolean' };

const OPTIONS = {
  domain: list,
  'allow-host': list,
  'exit-with-parent': flag,
  port: text,
  host: text,
  file: text,
  api: list,
  lifetime: text,
  throttle: text,
  quota: text,
  'admin-token-file': text,
  json: flag,
  log: text,
  quiet: flag,
  help: { type: 'boolean', short: 'h' },
  version: flag,
  'user-personal-secret': text,
  personality: text,
  'refusal-cache': text,
  firewall: flag,
  'no-cors': flag,
  apis: text,
  latency: text,
  status: text,
  body: text,
  'retry-after': text,
  'cut-off': flag,
  'clock-offset': text,
  path: text,
  next: text,
};

/** The flag for each option of startEmulator. Error messages name the flag. */
const FLAGS = {
  domains: '--domain',
  allowHosts: '--allow-host',
  apis: '--api',
  adminToken: '--admin-token-file',
  lifetimeS: '--lifetime',
  latencyMs: '--latency',
  retryAfterS: '--retry-after',
  userPersonalSecret: '--user-personal-secret',
  refusalCacheS: '--refusal-cache',
  clockOffsetS: '--clock-offset',
  cutOff: '--cut-off',
  knobs: '--path, --next',
};

class UsageError extends Error {}

/** Converts "12", "-3" and "0.5" to numbers. Anything else stays as is, and startEmulator refuses it. */
const number = (value) => (value !== undefined && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value);

function limit(name, value) {
  if (value === undefined) return undefined;
  const [, requests, periodS] = /^(\d+)\/(\d+)$/.exec(value) ?? [];
  if (!requests) throw new UsageError(`--${name} ${value}: write N/S, for example 100/10`);
  return { requests: Number(requests), periodS: Number(periodS) };
}

function apis(pairs = []) {
  const found = {};
  for (const pair of pairs) {
    const [, name, url] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
    if (!name) throw new UsageError(`--api ${pair}: write NAME=URL`);
    if (Object.hasOwn(found, name)) throw new UsageError(`--api ${pair}: this name was given before`);
    found[name] = url;
  }
  return found;
}

function adminToken(file) {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
  } catch (error) {
    throw new Error(`--admin-token-file ${file}: cannot be read (${error.code})`);
  }
}

/** The options for startEmulator. */
function optionsOf(values) {
  if (values.log !== undefined && !['text', 'json'].includes(values.log))
    throw new UsageError(`--log ${values.log}: write text or json`);
  const limits = { path: values.path, next: number(values.next) };
  const trouble = {
    latencyMs: number(values.latency),
    status: number(values.status),
    body: values.body,
    retryAfterS: number(values['retry-after']),
    cutOff: values['cut-off'],
    firewall: values.firewall,
    cors: values['no-cors'] && false,
    apis: values.apis,
  };
  return {
    domains: values.domain,
    port: number(values.port ?? '8080'),
    host: values.host,
    allowHosts: values['allow-host'],
    exitWithParent: values['exit-with-parent'],
    userPersonalSecret: values['user-personal-secret'],
    file: values.file,
    apis: apis(values.api),
    lifetimeS: number(values.lifetime),
    throttle: limit('throttle', values.throttle),
    quota: limit('quota', values.quota),
    adminToken: adminToken(values['admin-token-file']),
    personality: values.personality,
    refusalCacheS: number(values['refusal-cache']),
    knobs: [{ clockOffsetS: number(values['clock-offset']) }, { ...trouble, ...limits }],
    log: values.quiet
      ? undefined
      : (entry) => process.stderr.write(`${values.log == 'json' ? JSON.stringify(entry) : line(entry)}\n`),
  };
}

function line({ time, method, path, status, origin, keyId, reason, problem, ms }) {
  const more = problem ? ` problem: ${problem}` : '';
  return `${time} ${method} ${path} ${status} origin=${origin ?? '-'} key=${keyId ?? '-'} reason=${reason ?? '-'} ${ms} ms${more}`;
}

function print({ endpoint, apiKey, domainKey, secret }, { json, domain, 'admin-token-file': admin }) {
  const url = admin && new URL('/admin/', endpoint).href;
  if (json) return console.log(JSON.stringify({ endpoint, apiKey, domainKey, secret, ...(admin && { admin: url }) }));
  console.log(`endpoint    ${endpoint}\nAPI key     ${apiKey}`);
  if (domainKey) console.log(`domain key  ${domainKey}${domain ? `  (${domain.join(', ')})` : ''}`);
  console.log(`secret      ${secret ?? '(shown when it was made; the file has its hash only)'}`);
  if (admin) console.log(`management  ${url}`);
}

function warn({ host = '127.0.0.1' }) {
  const loopback = host == 'localhost' || host == '::1' || (isIP(host) == 4 && host.startsWith('127.'));
  console.error(
    'WARNING: an emulator for development and tests. Its keys are for tests only; put none of them, and no real one, into production.',
  );
  if (!loopback) console.error(`WARNING: it listens on ${host}: other machines can reach it.`);
}

function parse(words) {
  try {
    const { values, positionals } = parseArgs({ args: words, options: OPTIONS, allowPositionals: true });
    if (values.help || values.version) return values;
    if (positionals[0] != 'emulator')
      throw new UsageError(
        positionals.length
          ? `there is no command ${positionals[0]}; there are emulator and check`
          : 'say what to run: npx inbenta-auth emulator, or npx inbenta-auth check',
      );
    if (positionals.length > 1) throw new UsageError(`${positionals[1]}: one argument too many`);
    return values;
  } catch (error) {
    throw error.code?.startsWith('ERR_PARSE_ARGS') ? new UsageError(error.message.split('\n')[0]) : error;
  }
}

async function main(words) {
  if (words[0] == 'check') return void (process.exitCode = await check(words.slice(1)));
  const values = parse(words);
  if (values.help) return void process.stdout.write(USAGE);
  if (values.version) return console.log(`inbenta-auth ${version}`);
  const options = optionsOf(values);
  warn(options);
  const emulator = await startEmulator(options);
  print(emulator, values);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => emulator.close());
}

/** Prints the error and returns the exit status. */
function complain(error) {
  const told = (message, status) => (console.error(`inbenta-auth: ${message}`), status);
  if (error instanceof CheckError) return told(`${error.message} (see npx inbenta-auth check --help)`, 2);
  if (error instanceof UsageError) return told(`${error.message} (see npx inbenta-auth --help)`, 2);
  if (error.code == 'invalid_option')
    return told(
      `${FLAGS[error.option.split('.')[0]] ?? `--${error.option}`}: ${error.advice} (see npx inbenta-auth --help)`,
      2,
    );
  if (error.code == 'EADDRINUSE')
    return told('this port is in use; choose another one with --port, or 0 for a free one', 1);
  return told(error.message, 1);
}

main(process.argv.slice(2)).catch((error) => {
  process.exitCode = complain(error);
});
