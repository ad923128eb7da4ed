/**
 * Writes what calls were sent: `<folder>/<callConnectionId>/received.wav` has the audio as it came, one message behind the other,
 * `heard.wav` what ACS's queue makes of it, on the call's time. Main thread. Written in place, a piece at a time: it goes to the page
 * cache, and a disk that cannot follow shows as lateness. Invariants: no file that exists is ever overwritten; a call holds at
 * most two pieces in memory and no file descriptor; nothing is made for a call that was sent nothing.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { recordingName } from '../base/recording-name.ts';
import { encodeWavHeader, wavHeaderBytes } from '../base/wav.ts';

/** A second at 16 kHz. */
const pieceBytes = 32_000;
/** Nine hours at 16 kHz. A server may send more than is played; it does not get the whole disk. */
const fileBytesMax = 1024 ** 3;
const foldersOfCallMax = 1000;

export class HeardFiles {
  readonly folder: string;
  readonly sampleRate: number;
  /** The first thing that went wrong; nothing is written after it. */
  error: string | null = null;

  constructor(folder: string, sampleRate: number) {
    this.folder = folder;
    this.sampleRate = sampleRate;
  }

  call(callConnectionId: string): CallFiles {
    return new CallFiles(this, callConnectionId);
  }

  attempt(action: () => void): void {
    if (this.error !== null) return;
    try {
      action();
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
  }

  /** A new folder for a call: one that was there before belongs to another run. */
  makeFolder(callConnectionId: string): string {
    const name = recordingName(callConnectionId);
    for (let n = 1; ; n++) {
      const path = join(this.folder, n === 1 ? name : `${name}-${n}`);
      try {
        mkdirSync(path, { mode: 0o700 });
        return path;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || n === foldersOfCallMax) throw error;
      }
    }
  }
}

export class CallFiles {
  /** Null until there is something in it. */
  folder: string | null = null;
  readonly received: SavedPcm;
  readonly heard: SavedPcm;
  private readonly callConnectionId: string;
  private readonly files: HeardFiles;

  constructor(files: HeardFiles, callConnectionId: string) {
    this.files = files;
    this.callConnectionId = callConnectionId;
    this.received = new SavedPcm(files, (mode) => this.open('received.wav', mode));
    this.heard = new SavedPcm(files, (mode) => this.open('heard.wav', mode));
  }

  private open(name: string, mode: 'wx' | 'r+'): number {
    this.folder ??= this.files.makeFolder(this.callConnectionId);
    return openSync(join(this.folder, name), mode, 0o600);
  }

  /** `heardBytes`: how long the call was. */
  finish(heardBytes: number): void {
    if (this.received.byteCount === 0) return;
    this.received.finish(this.received.byteCount);
    this.heard.finish(heardBytes);
  }
}

export class SavedPcm {
  /** Where the next one may be appended. */
  byteCount = 0;
  private readonly files: HeardFiles;
  private readonly open: (mode: 'wx' | 'r+') => number;
  private piece: Buffer | null = null;
  private pieceAt = 0;
  private isMade = false;

  constructor(files: HeardFiles, open: (mode: 'wx' | 'r+') => number) {
    this.files = files;
    this.open = open;
  }

  /** Puts PCM at a place not before what is there; what is between is silence. */
  write(at: number, pcm: Buffer, byteCount: number): void {
    if (at + byteCount > fileBytesMax) {
      this.files.error ??= `a recording would be longer than ${fileBytesMax} bytes`;
      return;
    }
    if (at !== this.byteCount) {
      this.flush();
      this.pieceAt = at;
    }
    this.byteCount = at + byteCount;
    this.piece ??= Buffer.allocUnsafe(pieceBytes);
    for (let from = 0; from < byteCount; ) {
      const filled = at + from - this.pieceAt;
      const count = Math.min(byteCount - from, pieceBytes - filled);
      pcm.copy(this.piece, filled, from, from + count);
      from += count;
      if (filled + count === pieceBytes) this.flushTo(at + from);
    }
  }

  /** Forgets what lies behind. */
  truncate(at: number): void {
    if (at >= this.byteCount) return;
    if (at < this.pieceAt) {
      this.withFile((file) => ftruncateSync(file, wavHeaderBytes + at));
      this.pieceAt = at;
    }
    this.byteCount = at;
  }

  finish(byteCount: number): void {
    this.flush();
    this.withFile((file) => {
      ftruncateSync(file, wavHeaderBytes + byteCount);
      writeAll(file, encodeWavHeader(this.files.sampleRate, byteCount), wavHeaderBytes, 0);
    });
    this.piece = null;
  }

  private flush(): void {
    this.flushTo(this.byteCount);
  }

  /** Writes the piece, which ends at `end`. */
  private flushTo(end: number): void {
    const at = this.pieceAt;
    this.pieceAt = end;
    if (end > at) this.withFile((file) => writeAll(file, this.piece!, end - at, wavHeaderBytes + at));
  }

  private withFile(action: (file: number) => void): void {
    this.files.attempt(() => {
      const file = this.open(this.isMade ? 'r+' : 'wx');
      try {
        this.isMade = true;
        action(file);
      } finally {
        closeSync(file);
      }
    });
  }
}

function writeAll(file: number, bytes: Uint8Array, count: number, position: number): void {
  for (let at = 0; at < count; ) at += writeSync(file, bytes, at, count - at, position + at);
}
