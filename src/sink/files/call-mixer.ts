/** The audio of a call's participants, added up a window at a time, in memory that is used again. Any thread. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesPerSample } from '../../base/limits.ts';
import type { CallPlan, Piece } from './call-plan.ts';
import { sourceIndex, upsampled, upsamplingReach } from './upsampling.ts';

/** Samples of all channels together that are mixed at a time: some milliseconds of work. */
const windowSamples = 256 * 1024;

export class CallMixer {
  private readonly plan: CallPlan;
  private readonly folder: string;
  private readonly handles = new Map<Piece, FileHandle>();
  private readonly source: Int16Array;
  private readonly sums: Int32Array;
  /** The window, interleaved. */
  readonly samples: Int16Array;
  readonly bytes: Uint8Array;
  readonly windowLength: number;

  constructor(folder: string, plan: CallPlan) {
    this.folder = folder;
    this.plan = plan;
    const { length } = plan.channels;
    this.windowLength = Math.max(1, Math.floor(windowSamples / length));
    this.samples = new Int16Array(this.windowLength * length);
    this.bytes = new Uint8Array(this.samples.buffer);
    this.sums = new Int32Array(this.samples.length);
    this.source = new Int16Array(this.windowLength + 2 * upsamplingReach);
  }

  /** Fills the window from `at` on. Returns whether there is anything but silence in it. */
  async mix(at: number, length: number, pieces: readonly Piece[]): Promise<boolean> {
    this.sums.fill(0);
    for (const piece of pieces) {
      const from = Math.max(at, piece.at);
      const to = Math.min(at + length, piece.at + piece.length);
      await this.add(piece, from - piece.at, to - from, from - at);
    }
    let any = 0;
    const { sums, samples } = this;
    for (let i = 0; i < length * this.plan.channels.length; i++) {
      const sum = sums[i]!;
      any |= sum;
      samples[i] = sum > 32_767 ? 32_767 : sum < -32_768 ? -32_768 : sum;
    }
    return any !== 0;
  }

  async close(piece: Piece): Promise<void> {
    await this.handles.get(piece)?.close();
    this.handles.delete(piece);
  }

  async closeAll(): Promise<void> {
    for (const piece of [...this.handles.keys()]) await this.close(piece);
  }

  /** Adds a part of a piece. `from`: in the piece, `to`: in the window; in samples of the call. */
  private async add(piece: Piece, from: number, length: number, to: number): Promise<void> {
    const { source, sums } = this;
    const channels = this.plan.channels.length;
    let at = to * channels + piece.channel;
    if (piece.file.sampleRate === this.plan.sampleRate) {
      const count = await this.read(piece, from, length);
      for (let i = 0; i < count; i++, at += channels) sums[at]! += source[i]!;
      return;
    }
    const sourceAt = Math.max(0, sourceIndex(from) - upsamplingReach);
    const count = await this.read(piece, sourceAt, sourceIndex(from + length) + upsamplingReach - sourceAt);
    for (let n = from; n < from + length; n++, at += channels) sums[at]! += upsampled(n, source, sourceAt, count);
  }

  /** Reads samples of a piece's file. Returns how many there were. */
  private async read(piece: Piece, from: number, length: number): Promise<number> {
    const { file } = piece;
    let handle = this.handles.get(piece);
    if (handle === undefined) {
      handle = await open(join(this.folder, file.name), 'r');
      this.handles.set(piece, handle);
    }
    const wanted = Math.min(length, file.samples - from, this.source.length) * bytesPerSample;
    const into = new Uint8Array(this.source.buffer);
    let done = 0;
    while (done < wanted) {
      const { bytesRead } = await handle.read(into, done, wanted - done, file.dataAt + from * bytesPerSample + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return Math.floor(done / bytesPerSample);
  }
}
