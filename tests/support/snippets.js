// The code that README.md and docs/*.md show, for tests that compile it and run it.
//
// A snippet is a fenced block. What it needs and does not show stands in an HTML comment right before it, which readers
// do not see:
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
 * @property {string} language what follows the fence's backticks; '' if nothing does
 * @property {string} code
 * @property {string} given of the comment before it, or ''
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
  const all = await Promise.all((await documents()).map(async (file) => snippetsIn(await readFile(join(root, file), 'utf8'), file)));
  return all.flat();
}

/** The scripts that stand in a piece of HTML. */
export const scriptsIn = (html) => [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([^]*?)<\/script>/g)].map(([, code]) => code);
