// The file with the keys. A write is atomic, also across kill -9 and a power cut: a temporary file in the same folder
// is written, synced and renamed over it; then the folder is synced.

import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import process from 'node:process';

/** Identifies a version of the file; undefined if there is no file. */
function versionOf(path) {
  const info = statSync(path, { bigint: true, throwIfNoEntry: false });
  return info && [info.ino, info.size, info.mtimeNs].join();
}

function removeIfPossible(path) {
  try {
    rmSync(path, { force: true });
  } catch {
    // Ignored: the next write replaces it.
  }
}

export class KeyFile {
  path;
  #version; // after this process's last read or write

  /** @param {string} path */
  constructor(path) {
    this.path = resolve(path);
    if (versionOf(this.path)) this.path = realpathSync(this.path); // a symbolic link stays a link
  }

  /** @returns {Buffer | undefined} undefined if there is no file yet */
  read() {
    this.#version = versionOf(this.path);
    return this.#version && readFileSync(this.path);
  }

  /**
   * Writes the file. Synchronous, so that no other request runs before it is done. If the write fails, the file is
   * unchanged. It also throws if another program changed the file: a write would lose that program's keys.
   * @param {Buffer} content
   */
  write(content) {
    if (versionOf(this.path) != this.#version)
      throw new Error(`${this.path} was changed by another program; start the emulator again`);
    const temporary = `${this.path}.tmp`; // a killed process may have left one
    try {
      rmSync(temporary, { force: true });
      const file = openSync(temporary, 'wx', 0o600);
      try {
        writeFileSync(file, content);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, this.path);
    } catch (error) {
      removeIfPossible(temporary);
      throw new Error(`${this.path} could not be written (${error.code ?? error.message})`);
    }
    this.#version = versionOf(this.path);
    this.#syncFolder();
  }

  /** Makes the rename durable. Windows cannot sync a folder. */
  #syncFolder() {
    if (process.platform == 'win32') return;
    const folder = openSync(dirname(this.path), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }
}
