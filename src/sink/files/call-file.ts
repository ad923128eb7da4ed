/**
 * Makes `call.wav` of the files of a call's participants, and `call.json`, which says what is in its channels. Reads and writes
 * beside the thread, a window at a time, whatever the length of the call: a window is all that it holds. The file has its
 * name when it is whole; before that it ends in `.part`. Any thread.
 */
import { existsSync, ftruncateSync, readdirSync, rmSync, write } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bytesPerSample } from '../../base/limits.ts';
import { encodeWavHeader, wavHeaderBytes } from '../../base/wav.ts';
import type { RecordingFile } from '../sink.ts';
import { type CallNotes, isoTime, readCallNotes } from './call-notes.ts';
import { type CallLayout, type CallPlan, type Piece, planCall } from './call-plan.ts';
import { codeOf, createWhole, type FileModes, replaceFile } from './files.ts';
import { sourceIndex, upsampled, upsamplingReach } from './upsampling.ts';

/** Samples of all channels together that are mixed at a time: some milliseconds of work. */
const windowSamples = 256 * 1024;

export interface CallFileOptions {
  readonly folder: string;
  readonly layout: CallLayout;
  readonly modes: FileModes;
  /** Of this stream only. */
  readonly streamId: string | null;
  readonly signal: AbortSignal;
  /** Between two windows. `share`: how much of the call is done, 0 to 1. */
  readonly pause: (share: number) => Promise<void>;
}

/** A call's file as it stands there now. */
export interface CallFile {
  readonly path: string;
  readonly notes: CallNotes;
  readonly plan: CallPlan;
}

const callName = 'call';
const writeAsync = promisify(write);

/** Of which process a `call.wav.PID.part` is. */
const partName = /^call\.wav\.(\d+)\.part$/;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** What a process that was killed has left of a call's file. A process makes one file of a call at a time. */
function removeParts(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(partName.exec(name)?.[1] ?? Number.NaN);
    if (pid === process.pid || (pid > 0 && !isAlive(pid))) rmSync(join(folder, name), { force: true });
  }
}

/** The participants' audio, a window at a time, in memory that is used again. */
class Mixer {
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

async function writeWhole(file: number, bytes: Uint8Array, length: number, position: number): Promise<void> {
  for (let done = 0; done < length; ) {
    const { bytesWritten } = await writeAsync(file, bytes, done, length - done, position + done);
    if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC', syscall: 'write' });
    done += bytesWritten;
  }
}

async function writeAudio(file: number, folder: string, plan: CallPlan, options: CallFileOptions): Promise<void> {
  const { signal, pause } = options;
  const channels = plan.channels.length;
  const bytesPerTime = channels * bytesPerSample;
  const dataBytes = plan.samples * bytesPerTime;
  const mixer = new Mixer(folder, plan);
  const waiting = [...plan.pieces];
  let active: Piece[] = [];
  await writeWhole(file, encodeWavHeader(plan.sampleRate, dataBytes, channels), wavHeaderBytes, 0);
  try {
    for (let at = 0; at < plan.samples; ) {
      // Where nobody speaks for long the file has a hole.
      if (active.length === 0) at = Math.max(at, waiting[0]!.at);
      const length = Math.min(mixer.windowLength, plan.samples - at);
      while (waiting.length > 0 && waiting[0]!.at < at + length) active.push(waiting.shift()!);
      if (await mixer.mix(at, length, active)) {
        await writeWhole(file, mixer.bytes, length * bytesPerTime, wavHeaderBytes + at * bytesPerTime);
      }
      at += length;
      for (const piece of active) if (piece.at + piece.length <= at) await mixer.close(piece);
      active = active.filter((piece) => piece.at + piece.length > at);
      await pause(at / plan.samples);
      signal.throwIfAborted();
    }
  } finally {
    await mixer.closeAll();
  }
  ftruncateSync(file, wavHeaderBytes + dataBytes);
}

function describeCall({ notes, plan }: CallFile): string {
  const note = {
    format: {
      container: 'wav',
      encoding: 'pcm_s16le',
      sampleRate: plan.sampleRate,
      channels: plan.channels.length,
      layout: plan.layout,
    },
    streamId: notes.streamId,
    callConnectionId: notes.callConnectionId,
    correlationId: notes.correlationId,
    complete: notes.isComplete,
    firstTimestamp: plan.firstTimestampMs === null ? null : isoTime(plan.firstTimestampMs),
    samples: plan.samples,
    channels: plan.channels.map((participants) => participants.map((id) => id ?? 'mixed')),
    files: plan.pieces.map(({ file, channel, at, length }) => {
      const { name, participantId, sampleRate } = file;
      return { name, participantId, sampleRate, channel: channel + 1, firstSample: at, samples: length };
    }),
  };
  return `${JSON.stringify(note, null, 2)}\n`;
}

/** The file of a call, as others are told of it. */
export function describeCallFile({ path, notes, plan }: CallFile): RecordingFile {
  const sum = (count: (file: CallNotes['files'][number]) => number) =>
    notes.files.reduce((total, file) => total + count(file), 0);
  return {
    kind: 'call',
    path,
    streamId: notes.streamId,
    callConnectionId: notes.callConnectionId,
    correlationId: notes.correlationId,
    participantId: null,
    sampleRate: plan.sampleRate,
    channels: plan.channels.length,
    durationMs: Math.round((plan.samples / plan.sampleRate) * 1000),
    frames: sum((file) => file.frames),
    missing: sum((file) => file.missing),
    lapped: sum((file) => file.lapped),
    lost: sum((file) => file.lost),
  };
}

/**
 * Makes the file of a call; null if there is no audio. One that is there already stays as it is.
 * @throws what the file system says, or the signal's reason: then nothing is left behind
 */
export async function makeCallFile(options: CallFileOptions): Promise<CallFile | null> {
  const { folder, layout, modes, streamId } = options;
  const notes = readCallNotes(folder, streamId);
  if (notes === null) return null;
  const plan = planCall(notes.files, layout);
  const call = { path: join(folder, `${callName}.wav`), notes, plan };
  const notePath = join(folder, `${callName}.json`);
  removeParts(folder);
  if (!existsSync(call.path)) {
    await createWhole(call.path, modes.file, (file) => writeAudio(file, folder, plan, options));
  } else if (existsSync(notePath)) return call;
  replaceFile(notePath, describeCall(call), modes.file);
  return call;
}
