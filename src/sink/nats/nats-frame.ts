/**
 * What a message about audio looks like: one frame with its facts in the headers, or several frames, each with its facts
 * before its PCM. Documented in docs/nats.md; consumers on other machines rely on it. Pure; sink thread.
 */
import { frameBytesMax } from '../../base/limits.ts';
import { frameFlag } from '../../memory/states.ts';
import type { Frame } from '../../ring/frame.ts';
import { isoTime } from '../iso-time.ts';

/** Before the PCM of each frame in a message of several, little-endian. */
export const recordField = {
  /** u32: number in the track. */
  sequence: 0,
  /** u32: bytes of PCM behind these fields. */
  pcmBytes: 4,
  /** f64: ACS's timestamp, ms since the epoch; NaN when there was none. */
  timestampMs: 8,
  /** f64: place on the participant's timeline, samples. */
  positionSamples: 16,
  /** u32: frames that never came, directly before this one. */
  missingBefore: 24,
  /** u32: see `recordFlag`. */
  flags: 28,
  pcm: 32,
} as const;

/** Their own numbers: those of a ring may change with its layout. */
export const recordFlag = { silent: 1, duplicate: 2, late: 4, resumed: 8 } as const;

export const recordBytesMax = recordField.pcm + frameBytesMax;

type Field = readonly [string, string];

/** Headers of a message with one frame. */
export function frameHeaders(frame: Frame, trackId: string, sampleRate: number, labels = ''): Field[] {
  const { flags, timestampMs } = frame;
  const fields: Field[] = [
    ['Acs-Track', trackId],
    ['Acs-Sequence', String(frame.sequence)],
    ['Acs-Sample-Rate', String(sampleRate)],
    ['Acs-Silent', String(frame.silent)],
    ['Acs-Missing-Before', String(frame.missingBefore)],
    ['Acs-Position', String(frame.positionSamples)],
  ];
  if (labels !== '') fields.push(['Acs-Labels', labels]);
  const timestamp = isoTime(timestampMs);
  if (timestamp !== null) fields.push(['Acs-Timestamp', timestamp]);
  if ((flags & frameFlag.duplicate) !== 0) fields.push(['Acs-Duplicate', 'true']);
  if ((flags & frameFlag.late) !== 0) fields.push(['Acs-Late', 'true']);
  if ((flags & frameFlag.resumed) !== 0) fields.push(['Acs-Resumed', 'true']);
  return fields;
}

/** Headers of a message with several frames. */
export function batchHeaders(trackId: string, sampleRate: number, first: number, frames: number, labels = ''): Field[] {
  const fields: Field[] = [
    ['Acs-Track', trackId],
    ['Acs-Sequence', String(first)],
    ['Acs-Sample-Rate', String(sampleRate)],
    ['Acs-Frames', String(frames)],
  ];
  if (labels !== '') fields.push(['Acs-Labels', labels]);
  return fields;
}

/** Writes a frame's record at `at`; returns its length. */
export function putRecord(target: Buffer, at: number, frame: Frame): number {
  const { flags } = frame;
  target.writeUInt32LE(frame.sequence, at + recordField.sequence);
  target.writeUInt32LE(frame.pcmBytes, at + recordField.pcmBytes);
  target.writeDoubleLE(frame.timestampMs, at + recordField.timestampMs);
  target.writeDoubleLE(frame.positionSamples, at + recordField.positionSamples);
  target.writeUInt32LE(frame.missingBefore, at + recordField.missingBefore);
  const shown =
    (flags & frameFlag.silent ? recordFlag.silent : 0) |
    (flags & frameFlag.duplicate ? recordFlag.duplicate : 0) |
    (flags & frameFlag.late ? recordFlag.late : 0) |
    (flags & frameFlag.resumed ? recordFlag.resumed : 0);
  target.writeUInt32LE(shown, at + recordField.flags);
  frame.pcm.copy(target, at + recordField.pcm, 0, frame.pcmBytes);
  return recordField.pcm + frame.pcmBytes;
}
