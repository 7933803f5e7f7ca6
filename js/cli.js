#!/usr/bin/env node
// The package's command: `npx inbenta-auth emulator` and `npx inbenta-auth check`.

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { version } from '../package.json'; // esbuild inlines it
import { check, CheckError, parseProblem } from './check.js';
import { startEmulator } from './emulator.cjs';

const USAGE = `inbenta-auth emulator: a local Auth API for development and tests.

  npx inbenta-auth emulator --domain http://localhost:3000

It prints its endpoint, an API key, a domain key for these domains, and a secret.

  --domain DOMAIN    www.example.com (https), *.example.com (its subdomains), or a full origin such as
                     http://localhost:3000; may be given more than once; without it, there is no domain key
  --port PORT        the port to listen on (8080); 0 takes a free port
  --host ADDRESS     the address to listen on (127.0.0.1); with another one, other machines can connect
  --allow-host NAME  another host name to accept; localhost and IP addresses are always accepted
  --exit-with-parent end when the program that started the emulator ends; on Linux also with npx in between
  --file FILE        keep all keys in this JSON file; without it, they are in memory only
  --api NAME=URL     the base URL of a product; clients get it with their token; may be given more than once
  --lifetime S       the lifetime of access tokens, in seconds (1200)
  --throttle N/S     limit each API key to N requests in S seconds, for example 100/10; over the limit: 429
  --quota N/S        a second limit, for a longer period
  --admin-token-file FILE
                     also serve management and its page at /admin/; callers need the token in FILE
  --personality gateway
                     refuse as production does: without a reason, and a wrong URL is a 403
  --refusal-cache S  with --personality gateway: repeat a refusal for S seconds (0; production: up to 300)
  --user-personal-secret TEXT
                     the personal secret that is accepted with a secret; any other one: 422
  --json             print one JSON object instead of text
  --log text|json    how requests are logged on standard error (text)
  --quiet            do not log requests
  --help, --version

The emulator can simulate failures, to test clients:

  --latency MS       wait before each answer
  --status STATUS    answer with this status
  --body TEXT        answer with this body
  --retry-after S    send Retry-After
  --cut-off          close the connection in the middle of the body
  --firewall         answer as a firewall or CDN does: 403 and a page of HTML
  --no-cors          omit the CORS headers, so that a page of another origin cannot read the answer
  --apis missing     omit the products in the answer of /auth; "empty" sends [] instead
  --clock-offset S   set the clock ahead by S seconds; --clock-offset=-30 sets it back
  --path PATH        only for /auth, /refreshToken or /apis
  --next N           only for the next N requests

"npx inbenta-auth check" sends one request with your keys to a real Auth API. For its options, run
"npx inbenta-auth check --help".
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
  apis: '--apis',
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

/** The flag for an option in an error; "apis.NAME" is a product. */
function flagOf(option) {
  const [name, product] = option.split(/\.(.*)/s);
  return product === undefined ? (FLAGS[name] ?? `--${name}`) : `--api ${product}`;
}

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
    if (Object.hasOwn(found, name)) throw new UsageError(`--api ${pair}: this name was already given`);
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
  const faults = {
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
    knobs: [{ clockOffsetS: number(values['clock-offset']) }, { ...faults, ...limits }],
    log: values.quiet
      ? undefined
      : (entry) => process.stderr.write(`${values.log == 'json' ? JSON.stringify(entry) : formatEntry(entry)}\n`),
  };
}

function formatEntry({ time, method, path, status, origin, keyId, reason, problem, ms }) {
  const more = problem ? ` problem: ${problem}` : '';
  return `${time} ${method} ${path} ${status} origin=${origin ?? '-'} key=${keyId ?? '-'} reason=${reason ?? '-'} ${ms} ms${more}`;
}

/** What an entry of a domain key's list allows. */
const originOf = (domain) => (domain.includes('://') ? domain : `https://${domain}`);

const isLoopback = (host) =>
  /(^|\.)localhost$/i.test(host) || host == '::1' || (isIP(host) == 4 && host.startsWith('127.'));

function print({ endpoint, apiKey, domainKey, domains, secret }, { json, 'admin-token-file': admin }) {
  const url = admin && new URL('/admin/', endpoint).href;
  if (json) return console.log(JSON.stringify({ endpoint, apiKey, domainKey, secret, ...(admin && { admin: url }) }));
  console.log(`endpoint    ${endpoint}\nAPI key     ${apiKey}`);
  console.log(`domain key  ${domainKey ?? 'none; --domain http://localhost:3000 makes one for pages of this origin'}`);
  if (domainKey) console.log(`  for       ${domains.map(originOf).join(', ')}`);
  console.log(`secret      ${secret}`);
  if (admin) console.log(`management  ${url}`);
}

function warn({ host = '127.0.0.1' }, { domains }) {
  console.error(
    'WARNING: this is an emulator for development and tests. Its keys are for tests only. Do not use them in production, and do not use real keys here.',
  );
  if (!isLoopback(host)) console.error(`WARNING: the emulator listens on ${host}. Other machines can connect to it.`);
  for (const domain of domains)
    if (isLoopback(domain.replace(/^\[(.*)\]$/, '$1')))
      console.error(
        `WARNING: the domain ${domain} is ${originOf(domain)}, port 443. For a development server, write its whole origin, such as --domain http://localhost:3000`,
      );
}

function parse(args) {
  try {
    const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
    if (values.help || values.version) return values;
    if (positionals[0] != 'emulator')
      throw new UsageError(
        positionals.length
          ? 'unknown command; the commands are emulator and check'
          : 'the command is missing; run npx inbenta-auth emulator or npx inbenta-auth check',
      );
    // The word is not printed, because it may be a credential.
    if (positionals.length > 1)
      throw new UsageError('emulator: one argument belongs to no option; write a value with spaces in quotes');
    return values;
  } catch (error) {
    throw error.code?.startsWith('ERR_PARSE_ARGS') ? new UsageError(parseProblem(error)) : error;
  }
}

async function main(args) {
  if (args[0] == 'check') return void (process.exitCode = await check(args.slice(1)));
  const values = parse(args);
  if (values.help) return void process.stdout.write(USAGE);
  if (values.version) return console.log(`inbenta-auth ${version}`);
  const options = optionsOf(values);
  const emulator = await startEmulator(options);
  warn(options, emulator);
  print(emulator, values);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => emulator.close());
}

/** Why the emulator cannot listen, by Node's code, and what to do. */
const LISTEN_PROBLEMS = {
  EADDRINUSE: ({ port }) => `port ${port} is in use; choose another one with --port, or --port 0 for a free one`,
  EACCES: ({ port }) => port && `this account may not use port ${port}; choose one above 1023 with --port`,
  EADDRNOTAVAIL: ({ address }) => `--host ${address}: this machine has no such address`,
  ENOTFOUND: ({ hostname }) => `--host ${hostname}: this name has no address; give an IP address`,
};

/** Prints the error and returns the exit status. */
function printError(error) {
  const fail = (message, status) => (console.error(`inbenta-auth: ${message}`), status);
  if (error instanceof CheckError) return fail(`${error.message} (see npx inbenta-auth check --help)`, 2);
  if (error instanceof UsageError) return fail(`${error.message} (see npx inbenta-auth --help)`, 2);
  if (error.code == 'invalid_option')
    return fail(`${flagOf(error.option)}: ${error.advice} (see npx inbenta-auth --help)`, 2);
  return fail(LISTEN_PROBLEMS[error.code]?.(error) ?? error.message, 1);
}

main(process.argv.slice(2)).catch((error) => {
  process.exitCode = printError(error);
});
