/**
 * Writes what a perfect recorder must end up with: `<folder>/<callConnectionId>/<participant>.wav`. Main thread, one file at
 * a time and in pieces, so that the pacing of other calls does not suffer. Invariant: the files are made of what was handed
 * to the connections, so a frame that was not sent is silence in them too.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../base/errors.ts';
import { frameBytes } from '../base/limits.ts';
import { recordingName } from '../base/recording-name.ts';
import { encodeWavHeader } from '../base/wav.ts';
import type { Call } from './call.ts';
import { renderFrames } from './timeline.ts';
import type { Track } from './track.ts';

/** A piece of 10 s is rendered in about a millisecond. */
const pieceFrames = 500;

/** Throws `bad_settings` if the folder that a flag names cannot be made. */
export async function requireFolder(flag: string, folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GatewayError('bad_settings', `${flag} ${folder}: the folder cannot be made: ${reason}`);
  }
}

export class Recordings {
  private readonly folder: string;
  private readonly sampleRate: number;
  private queue: Promise<void> = Promise.resolve();
  /** The first thing that went wrong; nothing is written after it. */
  error: string | null = null;

  private constructor(folder: string, sampleRate: number) {
    this.folder = folder;
    this.sampleRate = sampleRate;
  }

  /** Throws `bad_settings` if the folder cannot be made. */
  static async open(folder: string, sampleRate: number): Promise<Recordings> {
    await requireFolder('--save', folder);
    return new Recordings(folder, sampleRate);
  }

  add(call: Call): void {
    const folder = join(this.folder, recordingName(call.identity.callConnectionId));
    for (const track of call.tracks) {
      if (track.sent.first >= 0) this.queue = this.queue.then(() => this.write(folder, track));
    }
  }

  /** Resolves when everything added so far is on disk, or `error` says why not. */
  async finished(): Promise<void> {
    await this.queue;
  }

  private async write(folder: string, track: Track): Promise<void> {
    if (this.error !== null) return;
    try {
      await mkdir(folder, { recursive: true });
      const file = await open(join(folder, `${recordingName(track.id)}.wav`), 'w');
      try {
        await this.writePieces(file, track);
      } finally {
        await file.close();
      }
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
  }

  private async writePieces(file: FileHandle, track: Track): Promise<void> {
    const bytesPerFrame = frameBytes(this.sampleRate);
    const { first, highest } = track.sent;
    await file.writeFile(encodeWavHeader(this.sampleRate, (highest + 1 - first) * bytesPerFrame));
    for (let from = first; from <= highest; from += pieceFrames) {
      const to = Math.min(from + pieceFrames, highest + 1);
      // writeFile, unlike write, returns only when everything is written; it starts where the last one ended.
      await file.writeFile(renderFrames(track, from, to, bytesPerFrame));
    }
  }
}
