// A private PostgreSQL server for the cluster and the tests. Data, Unix socket and password are in a temporary folder.
// It has no TCP port.

import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';
const PASSWORD = 'for this folder alone';

const program = (name) => join(DEBIAN, readdirSync(DEBIAN).sort((a, b) => b - a)[0], 'bin', name);

export class Postgres {
  #folder;

  static async create() {
    const postgres = new Postgres();
    // TMPDIR is not used, because its path may be long: a socket's path has at most 107 bytes.
    postgres.#folder = await mkdtemp('/tmp/iauth-pg-');
    await chmod(postgres.#folder, 0o755);
    await writeFile(join(postgres.#folder, 'password'), PASSWORD);
    await writeFile(postgres.passwordFile, `*:*:*:*:${PASSWORD}\n`, { mode: 0o600 });
    // PostgreSQL refuses to run as root.
    if (process.getuid() == 0) await run('install', ['-d', '-o', 'postgres', postgres.#data, postgres.#sockets]);
    else await run('mkdir', [postgres.#data, postgres.#sockets]);
    await postgres.#program(
      'initdb',
      '-D',
      postgres.#data,
      '-U',
      'authd',
      '--auth=scram-sha-256',
      '--pwfile',
      join(postgres.#folder, 'password'),
      '--encoding=UTF8',
      '--no-locale',
    );
    await postgres.start();
    return postgres;
  }

  get #data() {
    return join(this.#folder, 'data');
  }

  get #sockets() {
    return join(this.#folder, 'sockets');
  }

  /** The value for PGPASSFILE. */
  get passwordFile() {
    return join(this.#folder, 'pgpass');
  }

  get url() {
    return `postgres://authd@${encodeURIComponent(this.#sockets)}/postgres`;
  }

  async start() {
    const log = join(this.#data, 'log');
    await this.#program(
      'pg_ctl',
      'start',
      '-w',
      '-s',
      '-D',
      this.#data,
      '-l',
      log,
      '-o',
      `-c listen_addresses='' -k ${this.#sockets}`,
    );
  }

  async stop() {
    await this.#program('pg_ctl', 'stop', '-w', '-s', '-m', 'fast', '-D', this.#data);
  }

  async remove() {
    await this.stop();
    await rm(this.#folder, { recursive: true });
  }

  /** Runs SQL text in a database of this server. */
  async query(sql, database = 'postgres') {
    const url = this.url.replace(/[^/]+$/, database);
    await run(
      program('psql'),
      ['--no-psqlrc', '--quiet', '--set', 'ON_ERROR_STOP=1', '--dbname', url, '--command', sql],
      { env: { ...process.env, PGPASSFILE: this.passwordFile } },
    );
  }

  async #program(name, ...words) {
    const command = [program(name), ...words];
    if (process.getuid() == 0) command.unshift('runuser', '-u', 'postgres', '--');
    await run(command[0], command.slice(1), { cwd: this.#folder });
  }
}
