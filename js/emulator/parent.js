// Watches the process that started this one. That process may be killed without ending the emulator: npx, for example,
// passes SIGTERM to a shell only.

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';

const INTERVAL_MS = 500;

const isRunning = (pid) => {
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
  const grandparent = parentOfShell(parent);
  const timer = setInterval(() => {
    // An orphan gets another parent. On Windows it keeps the old parent's process ID, so isRunning() is asked too.
    if (
      process.ppid == parent &&
      isRunning(parent) &&
      (grandparent === undefined || parentOfShell(parent) == grandparent)
    )
      return;
    clearInterval(timer);
    onEnd();
  }, INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
