/**
 * What the file system is asked to do so that nothing is overwritten, and nothing half-made is ever seen under its name.
 * Sink thread.
 */
import { randomInt } from 'node:crypto';
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Numbers that are tried one by one. Beyond them one is drawn: a name that thousands had must not cost thousands of tries. */
const countedNumbers = 8;
const drawnNumbers = [1_000_000, 1_000_000_000_000] as const;
const nameAttemptsMax = 20;
/** Who may read recorded calls: only the owner, or the owner's group too. */
export interface FileModes {
  readonly file: number;
  readonly folder: number;
}
export const fileModes: Readonly<Record<'owner' | 'group', FileModes>> = {
  owner: { file: 0o600, folder: 0o700 },
  group: { file: 0o640, folder: 0o750 },
};

/** Of a file that is being made. A thread or process that dies in that moment leaves one behind. */
const unfinished = '.part';
/** What file systems say that know no second name for a file. */
const noLinks = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']);

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** The name for the nth try: `a`, `a-2`, `a-3`, … */
export function numbered(name: string, number: number): string {
  return number === 1 ? name : `${name}-${number}`;
}

/** Calls `create` with 1, 2, 3, …, then with drawn numbers, until the name with that number is not taken. Returns it. */
export function firstFree(create: (number: number) => void): number {
  for (let attempt = 1; ; attempt++) {
    const number = attempt <= countedNumbers ? attempt : randomInt(...drawnNumbers);
    try {
      create(number);
      return number;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || attempt >= nameAttemptsMax) throw error;
    }
  }
}

/** Like `mkdir -p`. Node's own recursive mkdir never returns where a parent exists and yet says ENOENT, as /proc does. */
export function makeFolder(path: string, mode: number): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path), mode);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    // Two sinks with one folder begin at the same time.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/**
 * Writes all of it, however little the system takes at a time.
 * @param onWritten after each part: how many bytes are there now
 */
export function writeAll(
  file: number,
  bytes: Uint8Array,
  length: number,
  position: number,
  onWritten?: (bytes: number) => void,
): void {
  for (let done = 0; done < length; ) {
    const written = writeSync(file, bytes, done, length - done, position + done);
    if (written === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC', syscall: 'write' });
    done += written;
    onWritten?.(done);
  }
}

/** Makes a file that begins with these bytes, all of them or none: its descriptor. Throws EEXIST if the name is taken. */
export function createFile(path: string, head: Uint8Array, mode: number): number {
  if (head.length === 0) return openSync(path, 'wx', mode);
  const part = path + unfinished;
  const file = openSync(part, 'w', mode);
  try {
    writeAll(file, head, head.length, 0);
    linkSync(part, path);
    return file;
  } catch (error) {
    closeSync(file);
    if (!noLinks.has(codeOf(error) ?? '')) throw error;
    return createAtOnce(path, head, mode);
  } finally {
    rmSync(part, { force: true });
  }
}

function createAtOnce(path: string, head: Uint8Array, mode: number): number {
  const file = openSync(path, 'wx', mode);
  try {
    writeAll(file, head, head.length, 0);
    return file;
  } catch (error) {
    closeSync(file);
    rmSync(path, { force: true });
    throw error;
  }
}

/**
 * Makes a file that is there under its name when it is whole, and otherwise not at all. Throws EEXIST if the name is taken.
 * @param fill writes it; when it throws, nothing is left
 */
export async function createWhole(path: string, mode: number, fill: (file: number) => Promise<void>): Promise<void> {
  const part = `${path}.${process.pid}${unfinished}`;
  const file = openSync(part, 'wx', mode);
  try {
    try {
      await fill(file);
    } finally {
      closeSync(file);
    }
    publish(part, path);
  } finally {
    rmSync(part, { force: true });
  }
}

/** Gives a file its name, if that is not taken. */
function publish(part: string, path: string): void {
  try {
    linkSync(part, path);
  } catch (error) {
    if (!noLinks.has(codeOf(error) ?? '')) throw error;
    // Holds the name, so that the other one cannot replace another stream's file.
    closeSync(openSync(path, 'wx'));
    renameSync(part, path);
  }
}

/** Gives a file this text, all of it or none: what was there stays if it cannot be written. */
export function replaceFile(path: string, text: string, mode: number): void {
  const part = path + unfinished;
  try {
    writeFileSync(part, text, { mode });
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
