// Watches the program that started this process. It may be killed without ending the emulator: between the two there may
// be npx and shells, which live on, or pass SIGTERM to each other only.

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';

const INTERVAL_MS = 500;

/** As its script, or as the title that npm gives itself: "npm exec inbenta-auth emulator". */
const NPM = /(^|\/)(npm|npx)(-cli\.js)?( |$)/;

const isRunning = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code == 'EPERM'; // it exists and belongs to another user
  }
};

/** The parent of a process; undefined if there is no such process, and on systems without /proc. */
function parentOf(pid) {
  try {
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  } catch {
    return undefined;
  }
}

/** Whether a process only runs a command for another one: a shell for one command (`sh -c …`), npm or npx. */
function isBetween(pid) {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(0, 2);
    return words[1] == '-c' || words.some((word) => NPM.test(word));
  } catch {
    return false;
  }
}

/** The parent of this process and, as long as one is in between only, the next one: up to the program that started it. */
function starters() {
  const pids = [process.ppid];
  while (isBetween(pids.at(-1))) {
    const next = parentOf(pids.at(-1));
    if (!next) break;
    pids.push(next);
  }
  return pids;
}

/**
 * Calls `onEnd` once, within half a second after the program that started this process ended, or npm, npx or a shell in
 * between. On systems without /proc (macOS, Windows), the parent alone is watched. The timer does not keep this process
 * alive.
 * @param {() => void} onEnd
 * @returns {() => void} stops watching
 */
export function watchParent(onEnd) {
  const pids = starters();
  const timer = setInterval(() => {
    // An orphan gets another parent. On Windows it keeps the old parent's process ID, so isRunning() is asked too.
    const isSame =
      process.ppid == pids[0] && isRunning(pids[0]) && pids.slice(1).every((pid, i) => parentOf(pids[i]) == pid);
    if (isSame) return;
    clearInterval(timer);
    onEnd();
  }, INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
