// The code snippets of README.md and docs/*.md, for tests that compile and run them.
//
// A snippet is a fenced block. An HTML comment right before it declares names that the snippet uses but does not show.
// Readers do not see this comment:
//
//   <!-- given: declare function isLoggedIn(request: Request): boolean; -->
//   ```js
//   const handler = tokenHandler(client, { authorize: (request) => isLoggedIn(request) });
//   ```

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './packed.js';

/** README.md and docs/*.md, by their paths in the repository. */
export async function documents() {
  const docs = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).sort();
  return ['README.md', ...docs.map((name) => `docs/${name}`)];
}

/**
 * @typedef {object} Snippet
 * @property {string} file
 * @property {number} line of the code's first line, from 1
 * @property {string} language the word after the fence's backticks; '' if there is none
 * @property {string} code
 * @property {string} given the text of the comment before it, or ''
 */

/**
 * @param {string} text Markdown
 * @param {string} [file]
 * @returns {Snippet[]}
 */
export function snippetsIn(text, file = '') {
  const fences = /(?:<!-- given:((?:(?!-->)[^])*)-->\s*)?^([ ]*)```([\w-]*)[^\n]*\n([^]*?)^\2```/gm;
  return [...text.matchAll(fences)].map(({ 0: whole, 1: given = '', 2: indent, 3: language, 4: code, index }) => ({
    file,
    line: text.slice(0, index + whole.indexOf(`\`\`\`${language}`)).split('\n').length + 1,
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    given: given.trim(),
  }));
}

/** All snippets of all documents. */
export async function allSnippets() {
  const all = await Promise.all(
    (await documents()).map(async (file) => snippetsIn(await readFile(join(root, file), 'utf8'), file)),
  );
  return all.flat();
}

/** The texts of all scripts in a piece of HTML. */
export const scriptsIn = (html) =>
  [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([^]*?)<\/script>/g)].map(([, code]) => code);
