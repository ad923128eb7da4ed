/**
 * One file with one participant's audio. Frames go to their place on the participant's timeline, so the file's time is the
 * call's time: what never came is zeros, what came late is put where it belongs. Valid at any moment: data is written
 * before the header that announces it. All that it knows is in the checkpoint, so another thread can continue the same file.
 * Sink thread.
 */
import { closeSync, fstatSync, ftruncateSync } from 'node:fs';
import { bytesPerSample } from '../../base/limits.ts';
import { encodeWavHeader, wavHeaderBytes } from '../../base/wav.ts';
import { frameFlag } from '../../memory/states.ts';
import type { Frame } from '../../ring/frame.ts';
import type { Checkpoint } from '../progress.ts';
import { codeOf, writeAll } from './files.ts';

/** Where the numbers of a recording stand in its checkpoint. */
export const kept = {
  /** Of the file's name; 0 before there is a file. */
  number: 0,
  /** Length of the audio in the file. */
  dataBytes: 1,
  /** Frames in the file, by what ACS said of them. */
  frames: 2,
  silentFrames: 3,
  /** Frames that never came, as far as the file knows: zeros, or left out. */
  missingFrames: 4,
  duplicateFrames: 5,
  lateFrames: 6,
  /** Frames that belong before the file's first one. */
  unplacedFrames: 7,
  /** ACS's time of the file's beginning and of the newest frame; 0 or NaN while unknown. */
  firstTimestampMs: 8,
  lastTimestampMs: 9,
  /** When the file's beginning arrived, by our own clock; 0 while unknown. */
  firstArrivalMs: 10,
} as const;

export interface RecordingOptions {
  /** Descriptor of the file; the recording closes it. */
  readonly file: number;
  readonly format: 'wav' | 'pcm';
  readonly gaps: 'fill' | 'skip';
  readonly sampleRate: number;
  readonly checkpoint: Checkpoint;
  /** Shared by all recordings of a thread: what one reading brings is gathered here and written at once. */
  readonly scratch: Buffer;
}

/** The file can take more when there is room again; with any other error it is better opened again. */
const noRoom = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** What a new file begins with. */
export function recordingHead(format: 'wav' | 'pcm', sampleRate: number): Uint8Array {
  return format === 'wav' ? encodeWavHeader(sampleRate, 0) : new Uint8Array(0);
}

/** A file that was deleted can be written to as before, but never be found. */
function assertHasName(file: number): void {
  if (fstatSync(file).nlink === 0) throw new Error('a recording was deleted');
}

export class Recording {
  private readonly options: RecordingOptions;
  private readonly numbers: Float64Array;
  private readonly headerBytes: number;
  private readonly onWritten: (bytes: number) => void;
  private file: number | null;
  /** The length that the header announces; -1 if that is not known. */
  private announcedBytes = -1;
  /** What waits in the scratch buffer: where it belongs in the audio, and how many frames it is. */
  private gatheredAt = 0;
  private gatheredBytes = 0;
  private gatheredFrames = 0;
  private gatheredSilent = 0;
  private hasWritten = false;
  /** The first error since the last flush. */
  private failure: unknown = null;

  /** Takes over a file: a new one, or one that another thread was writing. */
  constructor(options: RecordingOptions) {
    const { file, format, gaps, checkpoint } = options;
    this.options = options;
    this.numbers = checkpoint.own;
    this.headerBytes = format === 'wav' ? wavHeaderBytes : 0;
    this.file = file;
    this.onWritten = (bytes) => this.extend(this.gatheredAt + bytes);
    const audioBytes = Math.max(0, fstatSync(file).size - this.headerBytes);
    if (gaps === 'fill') {
      // Beyond what was noted there may be frames that are not in any ring any more.
      this.numbers[kept.dataBytes] = audioBytes - (audioBytes % bytesPerSample);
    } else {
      // What is behind the noted end will be read again and appended again.
      const dataBytes = Math.min(this.numbers[kept.dataBytes]!, audioBytes);
      this.numbers[kept.dataBytes] = dataBytes;
      ftruncateSync(file, this.headerBytes + dataBytes);
    }
  }

  /** Whether there is a file to write to. */
  get isOpen(): boolean {
    return this.file !== null;
  }

  write(frame: Frame): void {
    const { numbers } = this;
    const { gaps, sampleRate } = this.options;
    const isLate = (frame.flags & frameFlag.late) !== 0;
    if ((frame.flags & frameFlag.duplicate) !== 0) {
      numbers[kept.duplicateFrames]! += 1;
      return;
    }
    if (!isLate) numbers[kept.lastTimestampMs] = frame.timestampMs;
    const sinceStartMs = gaps === 'fill' ? (frame.positionSamples * 1000) / sampleRate : 0;
    if (!(numbers[kept.firstTimestampMs]! > 0)) numbers[kept.firstTimestampMs] = frame.timestampMs - sinceStartMs;
    if (numbers[kept.firstArrivalMs] === 0) {
      numbers[kept.firstArrivalMs] = performance.timeOrigin + frame.arrivalMs - sinceStartMs;
    }
    if (isLate) numbers[kept.lateFrames]! += 1;
    numbers[kept.missingFrames]! += frame.missingBefore;
    const at = gaps === 'fill' ? frame.positionSamples * bytesPerSample : this.end;
    if (at < 0) {
      numbers[kept.unplacedFrames]! += 1;
      return;
    }
    // A late frame fills a hole that was counted, unless ACS's clock was set: then it only looks late.
    if (isLate && (frame.flags & frameFlag.resumed) === 0) numbers[kept.missingFrames]! -= 1;
    this.put(frame.pcm, frame.pcmBytes, at);
    this.gatheredFrames++;
    if (frame.silent) this.gatheredSilent++;
  }

  /** Writes what was gathered, then the header that covers it. Throws the first thing that went wrong since the last time. */
  flush(): void {
    this.spill();
    this.attempt((file) => this.announce(file));
    if (this.hasWritten) this.attempt(assertHasName);
    this.hasWritten = false;
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure;
  }

  /** Without a flush. */
  close(): void {
    const { file } = this;
    this.file = null;
    if (file !== null) closeSync(file);
  }

  /** Behind the last sample, gathered ones included. */
  private get end(): number {
    return this.gatheredBytes > 0 ? this.gatheredAt + this.gatheredBytes : this.numbers[kept.dataBytes]!;
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
    const { numbers, gatheredAt, gatheredBytes, gatheredFrames, gatheredSilent } = this;
    this.gatheredBytes = 0;
    this.gatheredFrames = 0;
    this.gatheredSilent = 0;
    if (gatheredFrames === 0) return;
    // A place beyond the end leaves a hole: it reads as zeros and takes no disk.
    const { scratch } = this.options;
    const at = this.headerBytes + gatheredAt;
    if (this.attempt((file) => writeAll(file, scratch, gatheredBytes, at, this.onWritten))) {
      this.hasWritten = true;
      numbers[kept.frames]! += gatheredFrames;
      numbers[kept.silentFrames]! += gatheredSilent;
    } else this.options.checkpoint.framesLost += gatheredFrames;
  }

  /** The audio reaches up to here. */
  private extend(bytes: number): void {
    const { numbers } = this;
    numbers[kept.dataBytes] = Math.max(numbers[kept.dataBytes]!, bytes - (bytes % bytesPerSample));
  }

  private announce(file: number): void {
    const dataBytes = this.numbers[kept.dataBytes]!;
    if (this.headerBytes === 0 || this.announcedBytes === dataBytes) return;
    writeAll(file, encodeWavHeader(this.options.sampleRate, dataBytes), this.headerBytes, 0);
    this.announcedBytes = dataBytes;
  }

  /** Returns whether it went well. Remembers the error; gives the file up if that may help. */
  private attempt(action: (file: number) => void): boolean {
    if (this.file === null) return false;
    try {
      action(this.file);
      return true;
    } catch (error) {
      this.failure ??= error;
      if (!noRoom.has(codeOf(error) ?? '')) this.close();
      return false;
    }
  }
}
