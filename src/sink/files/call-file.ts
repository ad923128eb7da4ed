/**
 * Makes `call.wav` of the files of a call's participants, and `call.json`, which says what is in its channels. Reads and writes
 * beside the thread, a window at a time, whatever the length of the call: a window is all that it holds. The file has its
 * name when it is whole; before that it ends in `.part`. Any thread.
 */
import { existsSync, ftruncateSync, readdirSync, rmSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bytesPerSample } from '../../base/limits.ts';
import { encodeWavHeader, wavHeaderBytes } from '../../base/wav.ts';
import { labelled } from '../../ring/track.ts';
import { isoTime } from '../iso-time.ts';
import type { RecordingFile } from '../sink.ts';
import { CallMixer } from './call-mixer.ts';
import { type CallNotes, readCallNotes } from './call-notes.ts';
import { type CallLayout, type CallPlan, type Piece, planCall } from './call-plan.ts';
import { codeOf, createWhole, type FileModes, replaceFile } from './files.ts';

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
  const mixer = new CallMixer(folder, plan);
  const waiting = [...plan.pieces];
  let active: Piece[] = [];
  await writeWhole(file, encodeWavHeader(plan.sampleRate, dataBytes, channels), wavHeaderBytes, 0);
  try {
    for (let at = 0; at < plan.samples; ) {
      // Where all are silent for long the file has a hole.
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
    ...labelled(notes),
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

/** The file of a call, as it is announced. */
export function describeCallFile({ path, notes, plan }: CallFile): RecordingFile {
  const sum = (count: (file: CallNotes['files'][number]) => number) =>
    notes.files.reduce((total, file) => total + count(file), 0);
  return {
    kind: 'call',
    path,
    streamId: notes.streamId,
    callConnectionId: notes.callConnectionId,
    correlationId: notes.correlationId,
    ...labelled(notes),
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
