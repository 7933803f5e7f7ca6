// Whether the process that started this one is still there. A program that starts the emulator may be killed without
// ending it: npx, for one, passes SIGTERM to a shell only.

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';

const PAUSE_MS = 500;

const isThere = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code == 'EPERM'; // somebody else's
  }
};

/** The parent of a shell that runs one command (`sh -c …`, as npx has it); undefined for others, and where there is no /proc. */
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
 * Calls `onEnd` once, within half a second, when the parent of this process has ended; or the parent's parent, if a shell
 * that runs this one command is in between. It keeps no process alive.
 * @param {() => void} onEnd
 * @returns {() => void} stops to watch
 */
export function watchParent(onEnd) {
  const parent = process.ppid;
  const beyond = parentOfShell(parent);
  const timer = setInterval(() => {
    // An orphan gets another parent, but for Windows, where the number of the old one stays.
    if (process.ppid == parent && isThere(parent) && (beyond === undefined || parentOfShell(parent) == beyond)) return;
    clearInterval(timer);
    onEnd();
  }, PAUSE_MS);
  timer.unref();
  return () => clearInterval(timer);
}
