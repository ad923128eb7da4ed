/** The file of a capture on the disk: made under a name that is free, appended to. Capture thread. */
import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { dirname, format, parse, resolve } from 'node:path';
import { type FileModes, firstFree, makeFolder, numbered, writeAll } from '../sink/files/files.ts';

/** Makes a file that was not there, with these bytes at its beginning. Returns its path: the name may have got a number. */
export function createCapture(
  wished: string,
  head: Uint8Array,
  modes: FileModes,
): { readonly path: string; readonly file: number } {
  const { dir, name, ext } = parse(wished);
  makeFolder(dirname(resolve(wished)), modes.folder);
  let path = wished;
  let file = -1;
  firstFree((number) => {
    path = format({ dir, name: numbered(name, number), ext });
    file = openSync(path, 'wx', modes.file);
  });
  try {
    writeAll(file, head, head.length, 0);
  } catch (error) {
    closeSync(file);
    rmSync(path, { force: true });
    throw error;
  }
  return { path, file };
}

export class CaptureFile {
  private readonly file: number;
  /** What is whole. */
  bytes: number;

  constructor(file: number, bytes: number) {
    this.file = file;
    this.bytes = bytes;
  }

  /** A file that a thread before had open. What stands behind the bytes that it committed is taken back. */
  static reopen(path: string, bytes: number): CaptureFile {
    const file = openSync(path, 'r+');
    ftruncateSync(file, bytes);
    return new CaptureFile(file, bytes);
  }

  /** All of it or nothing. */
  append(bytes: Uint8Array): void {
    try {
      writeAll(this.file, bytes, bytes.length, this.bytes);
    } catch (error) {
      // On a full disk a part of it stands there.
      ftruncateSync(this.file, this.bytes);
      throw error;
    }
    this.bytes += bytes.length;
  }

  close(): void {
    closeSync(this.file);
  }
}
