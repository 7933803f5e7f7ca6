// The file that keys are kept in. A write is there in full or not at all, also after kill -9 or a power cut:
// a temporary file beside it is written, synced and renamed over it, and so is the folder.

import { closeSync, fsyncSync, openSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** What distinguishes one version of the file from another; undefined if there is none. */
function versionOf(path) {
  const info = statSync(path, { bigint: true, throwIfNoEntry: false });
  return info && [info.ino, info.size, info.mtimeNs].join();
}

function removeIfPossible(path) {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next write replaces it.
  }
}

export class KeyFile {
  path;
  #version; // as this process left it

  /** @param {string} path */
  constructor(path) {
    this.path = resolve(path);
    if (versionOf(this.path)) this.path = realpathSync(this.path); // a link stays one
  }

  /** @returns {Buffer | undefined} undefined if there is no file yet */
  read() {
    this.#version = versionOf(this.path);
    return this.#version && readFileSync(this.path);
  }

  /**
   * Synchronous: nothing else happens before it is done. Throws without having changed anything, also if another
   * program has changed the file, whose keys would be lost.
   * @param {Buffer} content
   */
  write(content) {
    if (versionOf(this.path) != this.#version) throw new Error(`${this.path} was changed by another program; start the emulator again`);
    const temporary = `${this.path}.tmp`; // what a killed process left there is replaced
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

  /** So that the new name survives, too. Windows has no such thing. */
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
