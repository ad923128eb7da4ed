/**
 * The end of the process, whatever its threads do. `process.exit` waits for each of them, and for ever if one is in a system
 * call that does not return: a disk or a file server that does not answer, a name that is being looked up. So the process is
 * replaced by one that does nothing but exit, which the operating system does without asking them. Main thread.
 */
import { existsSync } from 'node:fs';
import { exitLingerMs } from './limits.ts';

/** What runs here, also if its file was replaced meanwhile. */
const self = '/proc/self/exe';

/** Ends the process at once with this code; what was not written yet is lost. */
export function exitNow(code: number): never {
  if (process.execve !== undefined && process.platform !== 'win32') {
    const file = existsSync(self) ? self : process.execPath;
    // Without our environment: what it tells Node.js to load must not keep it.
    process.execve(file, [process.execPath, '-e', `process.exit(${code})`], {});
  }
  process.exit(code);
}

/** Everything is done: the process ends by itself when nothing is left, and soon if something is but a log that is being read. */
export function exitSoon(code: number, unreadBytes = Number.POSITIVE_INFINITY): void {
  process.exitCode = code;
  const look = () => {
    const { writableLength } = process.stdout;
    if (writableLength > 0 && writableLength < unreadBytes) exitSoon(code, writableLength);
    else exitNow(code);
  };
  setTimeout(look, exitLingerMs).unref();
}
