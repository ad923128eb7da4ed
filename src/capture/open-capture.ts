/** A capture on the disk, opened to be read. Any thread. */
import { closeSync, openSync, readSync } from 'node:fs';
import { GatewayError } from '../base/errors.ts';
import { badCapture } from './format.ts';
import { CaptureReader, type CaptureRecord } from './format-reader.ts';

/** As many bytes as there are: one call may give fewer. */
function readFully(file: number, target: Uint8Array, position: number): number {
  let done = 0;
  try {
    while (done < target.length) {
      const count = readSync(file, target, done, target.length - done, position + done);
      if (count === 0) break;
      done += count;
    }
  } catch (error) {
    throw badCapture(`it cannot be read: ${(error as Error).message}`);
  }
  return done;
}

function withName(path: string, error: unknown): GatewayError {
  return new GatewayError('bad_capture', `${path}: ${(error as Error).message}`, { cause: error });
}

export class OpenCapture {
  readonly path: string;
  readonly reader: CaptureReader;
  private readonly file: number;

  constructor(path: string, reader: CaptureReader, file: number) {
    this.path = path;
    this.reader = reader;
    this.file = file;
  }

  /** All records. Throws `bad_capture`, with the file's name, where it turns out to be damaged beyond use. */
  *records(): Generator<CaptureRecord, void, undefined> {
    try {
      yield* this.reader.records();
    } catch (error) {
      throw withName(this.path, error);
    }
  }

  close(): void {
    closeSync(this.file);
  }
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
    return new OpenCapture(path, reader, file);
  } catch (error) {
    closeSync(file);
    throw withName(path, error);
  }
}
