// Writes js/client/boundary.js: the numbers of the wasm boundary, from the C headers that define them. Run
// `node src/wasm/make-boundary.js` after you changed one; otherwise tests/node/client/boundary.test.js fails.

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const read = (file) => readFile(new URL(`../${file}`, import.meta.url), 'utf8');

/** The members of a C enum as [name, number]. */
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

/** The errors as [C name, number, code]. The numbers count down from -1. Those of bad_response are the last ones. */
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
  return `// Made by src/wasm/make-boundary.js from the C headers. Do not edit.

/** The codes of C's errors. The first one is the code of error -1. All errors after the last one have its code. */
export const CODES = ${JSON.stringify(codes).replaceAll('"', "'").replaceAll(',', ', ')};

// C's errors, by their C names.
${constants(errors.map(([name, number]) => [name, number]))}
/** The headers of a response that C reads, in its order. */
export const HEADERS = ${JSON.stringify(headers).replaceAll('"', "'").replaceAll(',', ', ')};

// The messages of C: enum message.
${constants(membersOf(boundary, 'message'))}
// The options of a client: enum flag.
${constants(membersOf(boundary, 'flag'))}
// The queries of C: enum query.
${constants(membersOf(boundary, 'query'))}
// The texts that JavaScript parses for C: enum text.
${constants(membersOf(boundary, 'text'))}
// What the body of a response has: enum form.
${constants(membersOf(body, 'form'))}
// The offsets of members in C's structs, in bytes: enum offset.
${constants(membersOf(boundary, 'offset'))}`;
}

if (process.argv[1] == fileURLToPath(import.meta.url))
  await writeFile(new URL('../../js/client/boundary.js', import.meta.url), await boundaryModule());
