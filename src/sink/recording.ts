/**
 * One file with one participant's audio. Frames go to their place on the participant's timeline, so the file's time is the
 * call's time: what never came is zeros, what came late is put where it belongs. Valid at any moment: data is written
 * before the header that announces it. Sink thread.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { bytesPerSample } from '../limits.ts';
import { frameFlag } from '../memory/layout.ts';
import type { Frame } from '../ring/reader.ts';
import { encodeWavHeader, wavHeaderBytes } from '../wav.ts';

export interface RecordingOptions {
  readonly path: string;
  readonly format: 'wav' | 'pcm';
  readonly gaps: 'fill' | 'skip';
  readonly sampleRate: number;
  /** Shared by all recordings of a thread: what one reading brings is gathered here and written at once. */
  readonly scratch: Buffer;
}

export class Recording {
  /** Frames in the file, by what ACS said of them. */
  frames = 0;
  silentFrames = 0;
  /** Frames that never came, as far as the file knows: zeros, or left out. */
  missingFrames = 0;
  duplicateFrames = 0;
  lateFrames = 0;
  /** Frames that belong before the file's first one. */
  unplacedFrames = 0;
  firstTimestampMs = Number.NaN;
  lastTimestampMs = Number.NaN;

  private readonly options: RecordingOptions;
  private readonly file: number;
  private readonly headerBytes: number;
  /** Length of the audio, in bytes; and the length that the header announces. */
  private dataBytes = 0;
  private announcedBytes = -1;
  /** What waits in the scratch buffer lies at this place of the audio. */
  private gatheredAt = 0;
  private gatheredBytes = 0;

  /** Creates the file; throws if it is there already, or cannot be created. */
  constructor(options: RecordingOptions) {
    this.options = options;
    this.headerBytes = options.format === 'wav' ? wavHeaderBytes : 0;
    this.file = openSync(options.path, 'wx');
    this.announce();
  }

  write(frame: Frame): void {
    const isDuplicate = (frame.flags & frameFlag.duplicate) !== 0;
    const isLate = (frame.flags & frameFlag.late) !== 0;
    if (isDuplicate) {
      this.duplicateFrames++;
      return;
    }
    if (!isLate) this.lastTimestampMs = frame.timestampMs;
    if (Number.isNaN(this.firstTimestampMs)) this.firstTimestampMs = frame.timestampMs;
    if (isLate) this.lateFrames++;
    this.missingFrames += frame.missingBefore;
    const at = this.options.gaps === 'fill' ? frame.positionSamples * bytesPerSample : this.dataBytes;
    if (at < 0) {
      this.unplacedFrames++;
      return;
    }
    // A late frame fills a hole that was counted, unless ACS's clock was set: then it only looks late.
    if (isLate && (frame.flags & frameFlag.resumed) === 0) this.missingFrames--;
    this.frames++;
    if (frame.silent) this.silentFrames++;
    this.put(frame.pcm, frame.pcmBytes, at);
    this.dataBytes = Math.max(this.dataBytes, at + frame.pcmBytes);
  }

  /** Writes what was gathered, then the header that covers it. */
  flush(): void {
    this.spill();
    this.announce();
  }

  close(): void {
    try {
      this.flush();
    } finally {
      closeSync(this.file);
    }
  }

  /** Gathers what is contiguous; what is not ends the gathering. A gap must not be filled here: its frame may be on disk. */
  private put(pcm: Buffer, bytes: number, at: number): void {
    const { scratch } = this.options;
    const end = this.gatheredAt + this.gatheredBytes;
    if (at < this.gatheredAt || at > end || at + bytes > this.gatheredAt + scratch.length) this.spill();
    if (this.gatheredBytes === 0) this.gatheredAt = at;
    const from = at - this.gatheredAt;
    pcm.copy(scratch, from, 0, bytes);
    this.gatheredBytes = Math.max(this.gatheredBytes, from + bytes);
  }

  private spill(): void {
    const { gatheredAt, gatheredBytes } = this;
    this.gatheredBytes = 0;
    // A place beyond the end leaves a hole: it reads as zeros and takes no disk.
    if (gatheredBytes > 0) this.writeAll(this.options.scratch, gatheredBytes, this.headerBytes + gatheredAt);
  }

  private announce(): void {
    if (this.headerBytes === 0 || this.announcedBytes === this.dataBytes) return;
    this.writeAll(encodeWavHeader(this.options.sampleRate, this.dataBytes), this.headerBytes, 0);
    this.announcedBytes = this.dataBytes;
  }

  private writeAll(bytes: Uint8Array, length: number, position: number): void {
    for (let done = 0; done < length; ) done += writeSync(this.file, bytes, done, length - done, position + done);
  }
}
