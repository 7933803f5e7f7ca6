// Starts inbenta-authd and runs its commands, for the demo and the tests.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM =
  process.env.AUTHD_PROGRAM ?? fileURLToPath(new URL('../../build/native/src/authd/inbenta-authd', import.meta.url));

/** An inbenta-authd with a database of its own in a temporary folder, or with the database `db`. */
export class Authd {
  #folder;
  #db;
  #process;
  log = []; // lines of the access log; no line contains a credential

  static async create(db) {
    const authd = new Authd();
    authd.#db = db;
    authd.#folder = await mkdtemp(join(tmpdir(), 'inbenta-authd-'));
    return authd;
  }

  get db() {
    return this.#db ?? join(this.#folder, 'keys.db');
  }

  get program() {
    return PROGRAM;
  }

  /** The process ID of the server. */
  get pid() {
    return this.#process.pid;
  }

  /** Runs a command of inbenta-authd and returns its output as JSON. */
  async command(...words) {
    const { stdout } = await promisify(execFile)(PROGRAM, [...words, '--db', this.db, '--json']);
    return JSON.parse(stdout);
  }

  async createApiKey(name = 'demo') {
    return (await this.command('api-key', 'create', '--name', name)).apiKey;
  }

  /** @returns {Promise<{id: string, domainKey: string}>} */
  createDomainKey(apiKey, domains) {
    return this.command(
      'domain-key',
      'create',
      '--api-key',
      apiKey,
      ...domains.flatMap((domain) => ['--domain', domain]),
    );
  }

  /**
   * Starts the server. `adminToken` adds the administration, `tls` ({file, keyFile}) adds https, and `words` are
   * further arguments of the command line. The access log is appended to `logFile`, or else read into `log`. Resolves
   * to the endpoint, "http://127.0.0.1:PORT/v1".
   */
  async serve({ lifetimeS = 1200, port = 0, apis = {}, adminToken, tls, words = [], logFile } = {}) {
    const options = [
      '--lifetime',
      `${lifetimeS}`,
      ...Object.entries(apis).flatMap(([name, url]) => ['--api', `${name}=${url}`]),
      ...words,
    ];
    if (adminToken) {
      const file = join(this.#folder, 'admin-token');
      await writeFile(file, adminToken, { mode: 0o600 });
      options.push('--admin-token-file', file);
    }
    if (tls) options.push('--tls-cert', tls.file, '--tls-key', tls.keyFile);
    const log = logFile && (await open(logFile, 'a'));
    const started = spawn(PROGRAM, ['serve', '--db', this.db, '--listen', `127.0.0.1:${port}`, ...options], {
      stdio: ['ignore', 'pipe', log ? log.fd : 'pipe'],
    });
    await log?.close();
    this.#process = started;
    if (started.stderr) createInterface(started.stderr).on('line', (line) => this.log.push(line));
    const endpoint = await new Promise((resolve) => {
      createInterface(started.stdout).on('line', (line) => resolve(line.match(/listening on (\S+)$/)?.[1]));
      started.on('exit', () => resolve(undefined));
    });
    if (endpoint) return endpoint;
    if (port) return this.serve({ lifetimeS, apis, adminToken, tls, words, logFile }); // the port is in use: any free one
    throw new Error(`inbenta-authd did not start: ${this.log.join('\n')}`);
  }

  /** Resolves to the exit status. */
  async stop() {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGTERM');
      await new Promise((resolve) => this.#process.once('close', resolve)); // waits until its log is read completely
    }
    return this.#process?.exitCode;
  }

  /** kill -9. */
  async kill() {
    this.#process.kill('SIGKILL');
    await new Promise((resolve) => this.#process.once('close', resolve));
  }

  async remove() {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
