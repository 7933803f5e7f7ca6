// Stryker runs this in its copy of the repository, which has no build/ and no node_modules/: both are those of the original.

import { symlink } from 'node:fs/promises';

for (const folder of ['build', 'node_modules']) await symlink(`${process.argv[2]}${folder}`, folder);
await import('../../js/build.js');
