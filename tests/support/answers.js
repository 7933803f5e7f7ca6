// The answers of tests/vectors/auth-answers.json, as an API sends them.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

export const { cases } = JSON.parse(await readFile(new URL('../vectors/auth-answers.json', import.meta.url), 'utf8'));

export const GRANT = { accessToken: 'T', expires_in: 1200, apis: { chatbot: 'https://api-gce3.example/prod/chatbot' } };
const PATHS = { refreshToken: '/v1/refreshToken', apis: '/v1/apis' };

/** The body of a case, as it is sent. */
export const bodyOf = ({ body, text }) =>
  text ?? (body == 'GRANT' ? JSON.stringify(GRANT) : typeof body == 'string' ? body : JSON.stringify(body));

/** The headers of a case. "NOW+1800" becomes the Unix time in 1800 seconds. */
const headersOf = ({ type = 'application/json', headers = {} }) =>
  Object.entries({ 'content-type': type, ...headers }).flatMap(([name, value]) =>
    // A value with ", " is sent as several header lines, as proxies do.
    value
      .split(', ')
      .map((part) => [
        name,
        part.replace(/^NOW([+-]\d+)$/, (_, seconds) => Math.floor(Date.now() / 1000) + Number(seconds)),
      ]),
  );

/** The server's own sentence in a case; undefined if there is none. */
export const sentenceOf = ({ body }) => body?.error?.message ?? body?.Message ?? body?.message;

/** Starts an API that gives the answer of the case; every other request is granted. */
export async function serveAnswer(answer) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request.url);
    const isIt =
      request.url == (PATHS[answer.on] ?? '/v1/auth') &&
      !(answer.once && requests.filter((url) => url == request.url).length > 1);
    const given = isIt
      ? answer
      : {
          status: 200,
          body: answer.on == 'apis' && request.url == '/v1/auth' ? { ...GRANT, apis: undefined } : 'GRANT',
        };
    response.writeHead(given.status, headersOf(given).flat());
    response.end(bodyOf(given));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    requests,
    endpoint: `http://127.0.0.1:${server.address().port}/v1`,
    close: () => (server.close(), server.closeAllConnections()),
  };
}
