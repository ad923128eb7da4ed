/** A capture on the disk, opened to be read. Any thread. */
import { closeSync, openSync, readSync } from 'node:fs';
import { GatewayError } from '../errors.ts';
import { CaptureReader } from './format-reader.ts';

/** As many bytes as there are: one call may give fewer. */
function readFully(file: number, target: Uint8Array, position: number): number {
  let done = 0;
  while (done < target.length) {
    const count = readSync(file, target, done, target.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

export interface OpenCapture {
  readonly path: string;
  readonly reader: CaptureReader;
  close(): void;
}

/** Throws `bad_capture`, with the file's name. */
export function openCapture(path: string): OpenCapture {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw new GatewayError('bad_capture', `${path}: it cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    const reader = new CaptureReader((target, position) => readFully(file, target, position));
    return { path, reader, close: () => closeSync(file) };
  } catch (error) {
    closeSync(file);
    throw new GatewayError('bad_capture', `${path}: ${(error as Error).message}`, { cause: error });
  }
}
