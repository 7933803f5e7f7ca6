// `npx inbenta-auth check` sends the request that a page with these keys on this origin would send. It prints what the
// answer means and what to do. It never prints a key or a token.
//
// The package's own client sends the request and reads the answer, so that the code is the one that a page gets.

import { parseArgs } from 'node:util';
import { createFromDomainKey } from './inbenta-auth.cjs';

export const CHECK_USAGE = `inbenta-auth check: sends one request with your keys to the Auth API, and says what to do.

  INBENTA_DOMAIN_KEY=… INBENTA_API_KEY=… npx inbenta-auth check --origin https://www.example.com

  --origin ORIGIN        the origin of your pages, as in the domain key's list of domains
  --domain-key KEY       default: INBENTA_DOMAIN_KEY in the environment, which other users cannot see
  --api-key KEY          default: INBENTA_API_KEY in the environment
  --endpoint URL         the base URL of the Auth API (https://api.inbenta.io/v1)
  --domain-key-name NAME the name of the domain key in the request. By default, the command sends domainKey. If the API
                         refuses that as a bad request, it sends domain_key
  --timeout S            for one request, in seconds (10)
  --json                 print one JSON object instead of text
  --help

Exit status: 0 a page gets a token; 1 a page gets no token, and you must change something; 2 the arguments are wrong;
3 the API was not reached, failed, or limits requests: try again later. Each run counts as one login of the API key, or
two if both names are sent.
`;

const NAMES = ['domainKey', 'domain_key'];
const CACHED = 'If you have just changed something, wait: a gateway can repeat an old refusal for five minutes.';

export class CheckError extends Error {}

const text = { type: 'string' };
const OPTIONS = {
  origin: text,
  'domain-key': text,
  'api-key': text,
  endpoint: text,
  'domain-key-name': text,
  timeout: text,
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

/** Node's message about an argument that cannot be read, as one sentence that says what to write. */
export function parseProblem({ message }) {
  // Node goes on with how to pass an argument that begins with "-": no command here has one.
  const [sentence] = message.split(/\n|\. To /);
  const [, option] = /^Option '(?:-\w, )?(--[\w-]+)/.exec(sentence) ?? [];
  if (!option) return sentence;
  if (/ambiguous/.test(sentence))
    return `${option}: the value is missing; if it begins with "-", write ${option}=VALUE`;
  return /missing/.test(sentence) ? `${option}: the value is missing` : sentence;
}

/** Where the command got a wrong option of the client: its flag, or the variable in the environment. */
function nameOf(name, values) {
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const variable = { apiKey: 'INBENTA_API_KEY', domainKey: 'INBENTA_DOMAIN_KEY' }[name];
  return variable && values[flag.slice(2)] === undefined ? variable : flag;
}

/** Returns "https://www.example.com". Throws an error that shows the right form. */
function checkOrigin(given) {
  if (given === undefined)
    throw new CheckError('--origin is missing: give the origin of your pages, such as https://www.example.com');
  try {
    const { origin } = new URL(given);
    if (origin == given || `${origin}/` == given) return origin;
    if (origin != 'null') throw new CheckError(`--origin ${given}: write ${origin}`);
  } catch (error) {
    if (error instanceof CheckError) throw error;
  }
  throw new CheckError(`--origin ${given}: write an origin, such as https://www.example.com`);
}

/** The settings, from the command line and the environment. Undefined for --help. */
function settingsOf(args, environment) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: OPTIONS }));
  } catch (error) {
    // Its own message quotes the argument, which may be a key.
    if (error.code == 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL')
      throw new CheckError('an argument has no name: give the keys as --domain-key KEY and --api-key KEY');
    throw new CheckError(parseProblem(error));
  }
  if (values.help) return undefined;
  const [apiKey, domainKey] = [
    values['api-key'] ?? environment.INBENTA_API_KEY,
    values['domain-key'] ?? environment.INBENTA_DOMAIN_KEY,
  ];
  if (!apiKey) throw new CheckError('the API key is missing; give --api-key or set INBENTA_API_KEY');
  if (!domainKey) throw new CheckError('the domain key is missing; give --domain-key or set INBENTA_DOMAIN_KEY');
  const seconds = Number(values.timeout ?? 10);
  if (!(seconds > 0 && seconds <= 600))
    throw new CheckError(`--timeout ${values.timeout}: give a number of seconds from 1 to 600`);
  const name = values['domain-key-name'];
  const settings = {
    origin: checkOrigin(values.origin),
    apiKey,
    domainKey,
    endpoint: (values.endpoint ?? 'https://api.inbenta.io/v1').trim().replace(/\/+$/, ''),
    names: name ? [name] : NAMES,
    timeoutMs: seconds * 1000,
    json: values.json,
  };
  try {
    clientOf(settings, settings.names[0]);
  } catch ({ hint }) {
    // The hint begins with the client's name of the wrong option, except for an endpoint with plain http.
    const [, name, problem] = /^(apiKey|domainKey|domainKeyName|endpoint)( .*)$/s.exec(hint) ?? [
      '',
      'endpoint',
      `: ${hint}`,
    ];
    throw new CheckError(nameOf(name, values) + problem.replace(/\.$/, ''));
  }
  return settings;
}

/** A client as a page makes it. It throws the same AuthErrors. */
const clientOf = ({ domainKey, apiKey, endpoint, timeoutMs }, domainKeyName) =>
  createFromDomainKey(domainKey, apiKey, { endpoint, timeoutMs, domainKeyName, autoRefresh: false });

/** Codes of the client for an answer that did not arrive, or not completely. */
const UNREACHED = ['network', 'timeout'];

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * Sends one request with a browser's headers.
 * @returns {Promise<{name: string, token?: any, error?: any, status: number, body: any, allows?: string | null, problem?: string}>}
 *   `token` or `error` of the client; of the answer itself `body`, if it is JSON, and `allows`, which pages can read it
 */
async function ask(settings, name) {
  const client = clientOf(settings, name);
  const seen = { status: 0 };
  const pieces = []; // of the answer's body, as far as the client reads it
  const send = globalThis.fetch;
  globalThis.fetch = async (url, init) => {
    globalThis.fetch = () => Promise.reject(new Error('one request is enough'));
    try {
      const response = await send(url, { ...init, headers: { ...init.headers, Origin: settings.origin } });
      seen.status = response.status;
      seen.allows = response.headers.get('Access-Control-Allow-Origin');
      const { status, headers, body } = response;
      const keep = new TransformStream({
        transform(piece, controller) {
          pieces.push(piece);
          controller.enqueue(piece);
        },
      });
      return body ? { status, headers, body: body.pipeThrough(keep) } : response;
    } catch (error) {
      seen.problem = error.cause?.code ?? error.cause?.message ?? error.message;
      throw error;
    }
  };
  try {
    // The event is of the first request; the promise is not, because the client tries again.
    const failed = new Promise((resolve) =>
      client.addEventListener('error', ({ detail: error }) => resolve({ error }), { once: true }),
    );
    const told = await Promise.race([
      failed,
      client.getToken().then(
        (token) => ({ token }),
        (error) => ({ error }),
      ),
    ]);
    if (!UNREACHED.includes(told.error?.code))
      return { ...seen, ...told, name, body: parsed(Buffer.concat(pieces).toString()) };
    const { timeoutMs } = settings;
    const problem =
      told.error.code == 'timeout'
        ? `no response within ${timeoutMs / 1000} s`
        : (seen.problem ?? 'the connection ended in the middle of the response');
    return { ...told, name, status: 0, body: undefined, problem };
  } finally {
    client.dispose();
    globalThis.fetch = send;
  }
}

/** What to do about each code of the client, and the exit status. */
const ADVICE = {
  origin_not_allowed: [1, ({ origin }) => `Add ${origin} to the domain key's list of domains.`],
  key_revoked: [1, () => 'The domain key was revoked. Create a new one and use it in your pages.'],
  credentials_rejected: [
    1,
    ({ origin, body }) =>
      body?.error
        ? `The API itself refuses the keys. Check that the domain key and the API key belong together, that the domain key's list has ${origin}, and that the key was not revoked.`
        : 'The gateway in front of the API does not know the API key. Copy it again from the Administration tab of the Inbenta App.',
  ],
  endpoint_refused: [
    1,
    ({ endpoint }) =>
      `Something in front of the API refuses the request. It does not mention your keys. Check that ${endpoint} is right and ends in /v1, and ask the operator of the firewall.`,
  ],
  rate_limited: [
    3,
    () => 'Too many requests were made with this API key. All visitors share its limits. Try again later.',
  ],
  server_error: [3, () => 'The API failed. Try again later.'],
  bad_response: [
    1,
    ({ endpoint, status }) =>
      status == 200
        ? `This response is not one of the Auth API. Check that ${endpoint} is its base URL.`
        : status < 400
          ? 'The endpoint redirects. A page does not follow redirects. Use the final URL.'
          : `The Auth API is not at ${endpoint}. Check the endpoint. It must end in /v1.`,
  ],
  unreachable: [
    3,
    ({ endpoint, problem }) =>
      `There is no response from ${endpoint}: ${problem}. Check the connection and the endpoint.`,
  ],
  no_cors: [
    1,
    ({ origin, allows }) =>
      `A page on ${origin} cannot read this response: Access-Control-Allow-Origin is ${allows ?? 'missing'}. Ask the operator of the endpoint.`,
  ],
  token: [0, ({ origin }) => `A page on ${origin} gets a token with these keys.`],
};

/** One word for what an answer means for a page: a key of ADVICE. */
function verdictOf({ error, status, isReadable }) {
  if (!error) return isReadable ? 'token' : 'no_cors';
  return status ? error.code : 'unreachable';
}

/**
 * What an answer means for a page.
 * @returns {{verdict: string, exit: number, advice: string[]}}
 */
function judge(answer, { origin, endpoint, answers }) {
  const { name, error, status, allows, body } = answer;
  const isReadable = allows === origin || allows === '*';
  const verdict = verdictOf({ error, status, isReadable });
  const [exit, adviceOf] = ADVICE[verdict] ?? [1, () => error.hint];
  const advice = [adviceOf({ ...answer, origin, endpoint })];
  if (answers.length > 1 && error) advice.push(`Both names of the domain key were tried: ${NAMES.join(' and ')}.`);
  if (verdict == 'token' && name != NAMES[0])
    advice.push(
      `The API expects the domain key under another name. Pass domainKeyName: '${name}' to createFromDomainKey, or write data-domain-key-name="${name}" on the script tag.`,
    );
  if (['credentials_rejected', 'endpoint_refused'].includes(verdict) && !body?.error?.reason) advice.push(CACHED);
  if (verdict == 'token' && !Object.keys(answer.token.apis).length)
    advice.push(
      'The answer lists no products. client.fetch then asks /apis for them. If there are none either, client.fetch has no product to call: ask Inbenta which products this API key has.',
    );
  if (error && status && !isReadable)
    advice.push(`A page on ${origin} cannot read this refusal. There the client reports "network".`);
  return { verdict, exit, advice };
}

/** True for a refusal that the name of the domain key may have caused. */
const isBadRequest = ({ status, body }) => [400, 422].includes(status) && !body?.error?.reason;

/**
 * Runs the check and prints the result.
 * @param {string[]} args of the command line after `check`
 * @param {Record<string, string | undefined>} environment
 * @returns {Promise<number>} exit status
 * @throws {CheckError} a mistake in the arguments
 */
export async function check(args, environment = process.env) {
  const settings = settingsOf(args, environment);
  if (!settings) {
    process.stdout.write(CHECK_USAGE);
    return 0;
  }
  const answers = [];
  for (const name of settings.names)
    if (!answers.length || isBadRequest(answers.at(-1))) answers.push(await ask(settings, name));
  // If both names were refused, the first refusal is reported.
  const answer = answers.find(({ token }) => token) ?? answers[0];
  const { verdict, exit, advice } = judge(answer, { ...settings, answers });
  const { token, error, status, body } = answer;
  const report = {
    verdict,
    status,
    serverMessage: error?.serverMessage ?? '',
    domainKeyName: answer.name,
    requests: answers.length,
    ...(verdict == 'token' && { lifetimeS: Number(body.expires_in), products: Object.keys(token.apis) }),
    advice,
  };
  if (settings.json) console.log(JSON.stringify(report));
  else print(report, settings);
  return exit;
}

function print({ status, serverMessage, domainKeyName, requests, lifetimeS, products, advice }, { endpoint, origin }) {
  console.log(
    `POST ${endpoint}/auth, Origin ${origin}, the domain key as ${domainKeyName}${requests > 1 ? ' (two requests)' : ''}`,
  );
  if (status)
    console.log(
      `  answered ${status}${lifetimeS ? `: a token for ${lifetimeS} s; products: ${products.join(', ') || 'none'}` : ''}`,
    );
  if (serverMessage) console.log(`  The API says: ${serverMessage}`);
  for (const line of advice) console.log(line);
}
