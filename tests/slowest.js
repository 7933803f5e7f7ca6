// Prints the twenty slowest tests out of JUnit results: node tests/slowest.js FOLDER

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const folder = process.argv[2];
const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const attribute = (tag, name) =>
  new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1].replace(/&(\w+);/g, (whole, entity) => ENTITIES[entity] ?? whole);

const tests = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith('.xml')))
  for (const [tag] of readFileSync(join(folder, file), 'utf8').matchAll(/<testcase [^>]*>/g))
    tests.push({
      group: basename(file, '.xml'),
      name: attribute(tag, 'name'),
      seconds: Number(attribute(tag, 'time')),
    });

if (!tests.length) throw new Error(`${folder} has no results`);
tests.sort((a, b) => b.seconds - a.seconds);
for (const { group, name, seconds } of tests.slice(0, 20))
  console.log(`${seconds.toFixed(1).padStart(7)} s  ${group.padEnd(12)} ${name}`);
console.log(`${tests.length} tests`);
