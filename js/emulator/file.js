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

/** Undefined on Windows, which cannot open a folder. */
function openFolder(path) {
  return process.platform == 'win32' ? undefined : openSync(path, 'r');
}

/** Makes a rename durable. Some network file systems cannot sync a folder; their rename is as durable as it can be. */
function syncFolder(folder) {
  if (folder === undefined) return;
  try {
    fsyncSync(folder);
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP'].includes(error.code)) throw error;
  }
}

const REASONS = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'it is a folder',
  EACCES: 'this account may not use it',
  EPERM: 'this account may not use it',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
};

/** The reason in words, with the system's code. */
const reasonOf = ({ code, message }) => (REASONS[code] ? `${REASONS[code]} (${code})` : (code ?? message));

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
    try {
      this.#version = versionOf(this.path);
      return this.#version && readFileSync(this.path);
    } catch (error) {
      throw Object.assign(new Error(`${this.path} cannot be read: ${reasonOf(error)}`), { code: 'file_not_usable' });
    }
  }

  /**
   * Writes the file. Synchronous, so that no other request runs before it is done. If the write fails, the file is
   * unchanged, unless the disk fails after the rename. It also throws if another program changed the file: a write would
   * lose that program's keys.
   * @param {Buffer} content
   */
  write(content) {
    if (versionOf(this.path) != this.#version)
      throw new Error(`${this.path} was changed by another program; start the emulator again`);
    const temporary = `${this.path}.tmp`; // a killed process may have left one
    try {
      const folder = openFolder(dirname(this.path)); // before the rename: a failure must not change the file
      try {
        this.#writeTemporary(temporary, content);
        renameSync(temporary, this.path);
        this.#version = versionOf(this.path);
        syncFolder(folder);
      } finally {
        if (folder !== undefined) closeSync(folder);
      }
    } catch (error) {
      removeIfPossible(temporary);
      throw new Error(`${this.path} could not be written: ${reasonOf(error)}`);
    }
  }

  #writeTemporary(temporary, content) {
    rmSync(temporary, { force: true });
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}
