// Several instances of inbenta-authd as in production: on one PostgreSQL, behind nginx. Everything runs on this
// machine, in temporary folders. `remove` stops and deletes everything.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Authd } from './authd.js';
import { Postgres } from './postgres.js';
import { nginxConf } from './nginx.conf.js';

const START_MS = 10_000;

/** Returns `port` if it is free, or else a free port. */
function freePort(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) =>
      error.code == 'EADDRINUSE' && port ? freePort(0).then(resolve, reject) : reject(error),
    );
    server.listen(port, '127.0.0.1', () => {
      const free = server.address().port;
      server.close(() => resolve(free));
    });
  });
}

export class Cluster {
  /** The endpoint of the load balancer, "http://127.0.0.1:PORT/v1". */
  endpoint;
  postgres;
  /** @type {{authd: Authd, endpoint: string}[]} */
  instances = [];
  adminToken = randomBytes(24).toString('base64url');
  #folder;
  #nginx;

  /** Starts `count` instances; `words` are further arguments of their command line. */
  static async create({ port = 0, count = 2, words = [] } = {}) {
    const cluster = new Cluster();
    try {
      await cluster.#start(port, count, words);
    } catch (error) {
      await cluster.remove();
      throw error;
    }
    return cluster;
  }

  async #start(port, count, words) {
    this.#folder = await mkdtemp(join(tmpdir(), 'inbenta-cluster-'));
    await chmod(this.#folder, 0o755); // nginx's workers do not run as root
    this.postgres = await Postgres.create();
    process.env.PGPASSFILE = this.postgres.passwordFile;
    for (let i = 0; i < count; i++) this.instances.push({ authd: await Authd.create(this.postgres.url) });
    await Promise.all(
      this.instances.map(
        async (instance) => (instance.endpoint = await instance.authd.serve({ adminToken: this.adminToken, words })),
      ),
    );
    await this.#startNginx(await freePort(port));
  }

  async #startNginx(port) {
    const [conf, log] = ['nginx.conf', 'nginx.log'].map((name) => join(this.#folder, name));
    const hosts = this.instances.map(({ endpoint }) => new URL(endpoint).host);
    await writeFile(conf, nginxConf({ port, folder: this.#folder, hosts }));
    // -e: without it, nginx opens its default log before it reads its configuration.
    this.#nginx = spawn('nginx', ['-c', conf, '-p', this.#folder, '-e', log], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    let problem;
    this.#nginx.on('error', (error) => (problem = error));
    this.endpoint = `http://127.0.0.1:${port}/v1`;
    const started = Date.now();
    while (!(await this.isHealthy())) {
      if (problem ?? this.#hasEnded()) throw new Error(`nginx did not start (${problem?.code ?? log})`);
      if (Date.now() > started + START_MS) throw new Error(`nginx does not answer (${log})`);
      await sleep(20);
    }
  }

  #hasEnded() {
    return this.#nginx.exitCode !== null || this.#nginx.signalCode !== null;
  }

  isHealthy() {
    return fetch(new URL('/healthz', this.endpoint)).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async #stopNginx() {
    if (!this.#nginx?.pid || this.#hasEnded()) return;
    const ended = new Promise((resolve) => this.#nginx.once('exit', resolve));
    this.#nginx.kill('SIGTERM');
    await ended;
  }

  /** Stops everything: nginx first, then the instances, then PostgreSQL. */
  async remove() {
    await this.#stopNginx();
    await Promise.all(this.instances.map(({ authd }) => authd.remove()));
    await this.postgres?.remove();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }
}
