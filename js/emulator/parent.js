// Watches the process that started this one. That process may be killed without ending the emulator: npx, for example,
// passes SIGTERM to a shell only.

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';

const PAUSE_MS = 500;

const isThere = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code == 'EPERM'; // it exists and belongs to another user
  }
};

/** The parent of a shell that runs one command (`sh -c …`, as npx does); undefined for others and without /proc. */
function parentOfShell(pid) {
  try {
    const [, option] = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    if (option != '-c') return undefined;
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  } catch {
    return undefined;
  }
}

/**
 * Calls `onEnd` once, within half a second after the parent of this process ended. If the parent is a shell for this
 * one command, the shell's parent is watched too. The timer does not keep this process alive.
 * @param {() => void} onEnd
 * @returns {() => void} stops watching
 */
export function watchParent(onEnd) {
  const parent = process.ppid;
  const beyond = parentOfShell(parent);
  const timer = setInterval(() => {
    // An orphan gets another parent. On Windows it keeps the old parent's process ID, so isThere() is asked too.
    if (process.ppid == parent && isThere(parent) && (beyond === undefined || parentOfShell(parent) == beyond)) return;
    clearInterval(timer);
    onEnd();
  }, PAUSE_MS);
  timer.unref();
  return () => clearInterval(timer);
}
