// `npx inbenta-auth check` sends the request that a page with these keys on this origin would send. It prints what the
// answer means and what to do. It never prints a key or a token.
//
// Answers are judged by the rules of docs/wire.md ("Refusals"): by status and JSON shape, never by message text.

import { parseArgs } from 'node:util';
import { checkConfig, checkKey, FLOW_DOMAIN_KEY } from './client/config.js';

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

const DOMAIN_KEY_NAMES = ['domainKey', 'domain_key'];
const BODY_MAX = 65_536;
const CREDENTIAL_MIN = 8; // a shorter one may occur in ordinary words
const MESSAGE_MAX = 200;

const CACHED_ADVICE = 'If you have just changed something, wait: a gateway can repeat an old refusal for five minutes.';

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
    throw new CheckError(error.message.split('\n')[0]);
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
  try {
    // The same rules as in a page.
    const fixed = {
      apiKey,
      credential: checkKey('domainKey', domainKey),
      credentialName: 'domain key',
      flow: FLOW_DOMAIN_KEY,
    };
    const { endpoint } = checkConfig({ endpoint: values.endpoint, domainKeyName: name }, fixed, {
      domainKeyName: ['string'],
    });
    return {
      origin: checkOrigin(values.origin),
      apiKey,
      domainKey,
      endpoint: endpoint.replace(/\/$/, ''),
      names: name ? [name] : DOMAIN_KEY_NAMES,
      timeoutMs: seconds * 1000,
      json: values.json,
    };
  } catch (error) {
    throw error.code == 'invalid_config' || error.code == 'insecure_endpoint' ? new CheckError(error.hint) : error;
  }
}

/** The first BODY_MAX bytes of a body, as text. */
async function bodyOf(response) {
  const pieces = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    pieces.push(piece);
    length += piece.length;
    if (length > BODY_MAX) break;
  }
  return Buffer.concat(pieces).toString('utf8', 0, BODY_MAX);
}

function parseJson(body) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Sends one request with a browser's headers. Without an answer, `status` is 0 and `problem` is the cause. */
async function send({ origin, apiKey, domainKey, endpoint, timeoutMs }, name) {
  try {
    const response = await fetch(`${endpoint}/auth`, {
      method: 'POST',
      headers: { Origin: origin, 'x-inbenta-key': apiKey, 'Content-Type': 'application/json' },
      body: JSON.stringify({ [name]: domainKey }),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = await bodyOf(response);
    return {
      name,
      status: response.status,
      body: parseJson(body),
      hasBody: body.trim() != '',
      allows: response.headers.get('Access-Control-Allow-Origin'),
    };
  } catch (error) {
    const problem =
      error.name == 'TimeoutError'
        ? `no response within ${timeoutMs / 1000} s`
        : (error.cause?.code ?? error.cause?.message ?? error.message);
    return { name, status: 0, problem };
  }
}

/** The API's own error message, shortened, without unprintable characters and keys. */
function messageOf(body, keys) {
  const original =
    [body?.error?.message, body?.error, body?.Message, body?.message].find((value) => typeof value == 'string') ?? '';
  const clean = keys
    .filter((key) => key.length >= CREDENTIAL_MIN)
    .reduce((text, key) => text.replaceAll(key, '…'), original);
  return clean
    .replace(/[^\x20-\x7e\u00a0-\uffff]+/g, ' ')
    .trim()
    .slice(0, MESSAGE_MAX);
}

const isToken = (body) => typeof body?.accessToken == 'string' && body.accessToken !== '' && body.expires_in > 0;
const isApiError = (body) => typeof body?.error == 'object' && body.error !== null;

/**
 * What an answer means for a page.
 * @returns {{verdict: string, exit: number, advice: string[]}}
 */
function interpret({ name, status, body, problem, allows }, { origin, endpoint, names }) {
  const result = (verdict, exit, ...advice) => ({ verdict, exit, advice });
  if (!status)
    return result(
      'unreachable',
      3,
      `There is no response from ${endpoint}: ${problem}. Check the connection and the endpoint.`,
    );
  if (status == 200) {
    if (!isToken(body))
      return result(
        'bad_response',
        1,
        `This response is not one of the Auth API. Check that ${endpoint} is its base URL.`,
      );
    if (allows !== origin && allows !== '*')
      return result(
        'no_cors',
        1,
        `A page on ${origin} cannot read this answer: Access-Control-Allow-Origin is ${allows ?? 'missing'}. Ask the operator of the endpoint.`,
      );
    const rename =
      name == 'domainKey'
        ? []
        : [
            `The API expects the domain key under another name. Pass domainKeyName: '${name}' to createFromDomainKey, or write data-domain-key-name="${name}" on the script tag.`,
          ];
    return result('token', 0, `A page on ${origin} gets a token with these keys.`, ...rename);
  }
  const reason = body?.error?.reason;
  if (reason == 'origin_not_allowed')
    return result('origin_not_allowed', 1, `Add ${origin} to the domain key's list of domains.`);
  if (reason == 'key_revoked')
    return result('key_revoked', 1, 'The domain key was revoked. Create a new one and use it in your pages.');
  if (status == 429)
    return result(
      'rate_limited',
      3,
      'Too many requests were made with this API key. All visitors share its limits. Try again later.',
    );
  if (status >= 500 || [408, 421, 425].includes(status))
    return result('server_error', 3, 'The API failed. Try again later.');
  if ([400, 401, 403, 422].includes(status) && isApiError(body)) {
    const both = names.length > 1 ? ` Both names of the domain key were tried: ${DOMAIN_KEY_NAMES.join(' and ')}.` : '';
    return result(
      'credentials_rejected',
      1,
      `The API itself refuses the keys. Check that the domain key and the API key belong together, that the domain key's list has ${origin}, and that the key was not revoked.${both}`,
      CACHED_ADVICE,
    );
  }
  if (status == 401 || (status == 403 && typeof body?.Message == 'string'))
    return result(
      'credentials_rejected',
      1,
      'The gateway in front of the API does not know the API key. Copy it again from the Administration tab of the Inbenta App.',
      CACHED_ADVICE,
    );
  if (status == 403)
    return result(
      'endpoint_refused',
      1,
      `Something in front of the API refuses the request. It does not mention your keys. Check that ${endpoint} is right and ends in /v1, and ask the operator of the firewall.`,
      CACHED_ADVICE,
    );
  if (status < 400)
    return result('bad_response', 1, 'The endpoint redirects. A page does not follow redirects. Use the final URL.');
  return result('bad_response', 1, `The Auth API is not at ${endpoint}. Check the endpoint. It must end in /v1.`);
}

/** True for a refusal that the name of the domain key may have caused. */
const isBadRequest = ({ status, body }) => (status == 400 || status == 422) && !body?.error?.reason;

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
    if (!answers.length || isBadRequest(answers.at(-1))) answers.push(await send(settings, name));
  // If both names were refused, the first refusal is reported.
  const answer = answers.find(({ body, status }) => status == 200 && isToken(body)) ?? answers[0];
  const { verdict, exit, advice } = interpret(answer, { ...settings, names: answers });
  const { body, status } = answer;
  const report = {
    verdict,
    status,
    serverMessage: messageOf(body, [settings.apiKey, settings.domainKey]),
    domainKeyName: answer.name,
    requests: answers.length,
    ...(verdict == 'token' && { lifetimeS: body.expires_in, products: Object.keys(Object(body.apis)) }),
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
