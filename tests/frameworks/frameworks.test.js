// Everything of this folder, in one process, so that there is one table in the end.

import { after } from 'node:test';
import { results } from './setup.js';
import './pages.js';
import './runners.js';
import './runtimes.js';

after(() => console.log(`\n${results}\n`));
