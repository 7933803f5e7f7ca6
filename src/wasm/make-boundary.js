// Writes js/client/boundary.js: the numbers of the wasm boundary as JavaScript has them, read from the C headers that
// define them. `node src/wasm/make-boundary.js`; tests/node/client/boundary.test.js fails if that was forgotten.

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const read = (file) => readFile(new URL(`../${file}`, import.meta.url), 'utf8');

/** The members of an enum, numbered as C numbers them: [name, number], without its comments. */
function membersOf(header, name) {
  const [, body] = header.match(new RegExp(`^enum ${name} \\{([^}]*)\\}`, 'm'));
  let next = 0;
  return body
    .replace(/\/\*.*?\*\//gs, '')
    .split(',')
    .filter((member) => member.trim())
    .map((member) => {
      const [, id, value] = member.trim().match(/^([A-Z_]+)(?: = (\d+))?$/);
      next = value === undefined ? next : Number(value);
      return [id, next++];
    });
}

/** The errors as [C name, number, code]. Numbers count down from -1, and those of bad_response are the last. */
function errorsOf(definitions) {
  const errors = [...definitions.matchAll(/^IAUTH_ERROR\((\w+), (-\d+), "(\w+)"\)/gm)].map(([, name, number, code]) => [
    name,
    Number(number),
    code,
  ]);
  const codes = errors.map(([, , code]) => code);
  if (errors.some(([, number], index) => number != -1 - index)) throw new Error('errors.def is not numbered in order');
  if (codes.some((code, index) => codes.indexOf(code) != Math.min(index, codes.indexOf('bad_response'))))
    throw new Error('only bad_response may have several numbers, the last ones');
  return errors;
}

/** The text of js/client/boundary.js. */
export async function boundaryModule() {
  const [definitions, core, body, boundary] = await Promise.all(
    ['core/errors.def', 'core/iauth.h', 'core/body.h', 'wasm/boundary.h'].map(read),
  );
  const errors = errorsOf(definitions);
  const codes = [...new Set(errors.map(([, , code]) => code))];
  const headers = [...core.matchAll(/^ {2}HEADER\(\w+, "([\w-]+)"\)/gm)].map(([, name]) => name);
  const constants = (members) => members.map(([name, number]) => `export const ${name} = ${number};\n`).join('');
  return `// Made by src/wasm/make-boundary.js from the C headers; not to be edited.

/** The codes of C's errors: that of error -1 is the first. All errors beyond the last one share its code. */
export const CODES = ${JSON.stringify(codes).replaceAll('"', "'").replaceAll(',', ', ')};

// C's errors, by their C names.
${constants(errors.map(([name, number]) => [name, number]))}
/** The headers of an answer that C reads, in its order. */
export const HEADERS = ${JSON.stringify(headers).replaceAll('"', "'").replaceAll(',', ', ')};

// What C tells: enum message.
${constants(membersOf(boundary, 'message'))}
// How a client is made: enum flag.
${constants(membersOf(boundary, 'flag'))}
// What C asks for: enum question.
${constants(membersOf(boundary, 'question'))}
// What C has read: enum text.
${constants(membersOf(boundary, 'text'))}
// What the body of an answer is: enum form.
${constants(membersOf(body, 'form'))}
// Where members lie in memory, in bytes: enum offset.
${constants(membersOf(boundary, 'offset'))}`;
}

if (process.argv[1] == fileURLToPath(import.meta.url))
  await writeFile(new URL('../../js/client/boundary.js', import.meta.url), await boundaryModule());
