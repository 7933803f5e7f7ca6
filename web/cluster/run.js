// `./run cluster [--port 8080] [--instances 2]`: PostgreSQL, instances of inbenta-authd and nginx in front of them,
// until Ctrl-C.

import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Cluster } from './cluster.js';

const { values: options } = parseArgs({ options: { port: { type: 'string', default: '8080' }, instances: { type: 'string', default: '2' } } });

/** A whole number from `min` to `max`, or the end of this program. */
function number(name, min, max) {
  const value = Number(options[name]);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  console.error(`--${name} ${options[name]}: a whole number from ${min} to ${max}`);
  process.exit(2);
}

const [port, count] = [number('port', 0, 65535), number('instances', 1, 16)];
// From the beginning, so that nothing is left behind, whenever it comes. The terminal sends it to the others, too.
const stop = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
const cluster = await Cluster.create({ port, count });
const { endpoint, instances, postgres, adminToken } = cluster;
console.log(`Auth API        ${endpoint}
administration  ${new URL('/admin/', endpoint)}
admin token     ${adminToken}
${instances.map(({ authd, endpoint }, i) => `instance ${i + 1}      ${endpoint}, process ${authd.pid}`).join('\n')}
commands        PGPASSFILE=${postgres.passwordFile} inbenta-authd COMMAND --db '${postgres.url}'

The answer's header x-instance tells who gave it. Ctrl-C ends it all.`);
await stop;
await cluster.remove();
