/**
 * Where each participant's file belongs in the one file of a call: numbers in, numbers out. A file begins at its first timestamp.
 * Where ACS sent none, or its clock was set meanwhile, the arrival by our own clock says when that was. Pure; any thread.
 * Invariant: a piece's samples lie side by side; two files of one participant have one channel.
 */
import { packetFramesMax, ringFramesMax, timelineJumpMsMax } from '../../base/limits.ts';

export type CallLayout = 'stereo' | 'multichannel';

/** A participant's file, as its note and its header describe it. */
export interface TrackFile {
  readonly name: string;
  readonly participantId: string | null;
  readonly sampleRate: number;
  /** Where its audio begins, in bytes, and how much of it there is. */
  readonly dataAt: number;
  readonly samples: number;
  /** When it begins, by ACS's clock and by ours; null if unknown. */
  readonly firstTimestampMs: number | null;
  readonly firstArrivalMs: number | null;
  /** Frames that its ring had; of these, in the file, lapped, lost; and those that never came. */
  readonly ringFrames: number;
  readonly frames: number;
  readonly missing: number;
  readonly lapped: number;
  readonly lost: number;
}

/** A file in its place; places and lengths in samples of the call. */
export interface Piece {
  readonly file: TrackFile;
  readonly channel: number;
  readonly at: number;
  readonly length: number;
}

export interface CallPlan {
  readonly layout: CallLayout;
  readonly sampleRate: number;
  readonly samples: number;
  /** When the call begins: its first participant's first sample. Null if no timestamp says it. */
  readonly firstTimestampMs: number | null;
  /** The participants of each channel. */
  readonly channels: readonly (readonly (string | null)[])[];
  /** By their beginning. */
  readonly pieces: readonly Piece[];
}

interface Placed {
  readonly file: TrackFile;
  startMs: number;
}

/** How far ACS's clock is ahead of ours, by the participant who came first; null if none says it. */
function skewOf(files: readonly TrackFile[]): number | null {
  const both = files.filter(
    ({ firstTimestampMs, firstArrivalMs }) => firstTimestampMs !== null && firstArrivalMs !== null,
  );
  if (both.length === 0) return null;
  const first = both.reduce((one, other) => (other.firstArrivalMs! < one.firstArrivalMs! ? other : one));
  return first.firstTimestampMs! - first.firstArrivalMs!;
}

function startOf({ firstTimestampMs, firstArrivalMs }: TrackFile, skewMs: number | null): number {
  if (firstArrivalMs === null) return firstTimestampMs ?? 0;
  const byArrivalMs = firstArrivalMs + (skewMs ?? 0);
  if (firstTimestampMs === null) return byArrivalMs;
  return Math.abs(firstTimestampMs - byArrivalMs) > timelineJumpMsMax ? byArrivalMs : firstTimestampMs;
}

function compare(a: Placed, b: Placed): number {
  return a.startMs - b.startMs || (a.file.name < b.file.name ? -1 : 1);
}

/** A participant whose ring was full continues exactly where the file before ends. */
function joinFullRings(placed: readonly Placed[]): void {
  for (const [index, next] of placed.entries()) {
    const { participantId, sampleRate } = next.file;
    const before = placed.slice(0, index).findLast(({ file }) => file.participantId === participantId);
    if (before === undefined || before.file.sampleRate !== sampleRate) continue;
    if (before.file.ringFrames < ringFramesMax - packetFramesMax) continue;
    next.startMs = before.startMs + (before.file.samples * 1000) / sampleRate;
  }
}

/** @param files those with audio; at least one */
export function planCall(files: readonly TrackFile[], layout: CallLayout): CallPlan {
  const skewMs = skewOf(files);
  const placed = files.map((file): Placed => ({ file, startMs: startOf(file, skewMs) })).sort(compare);
  joinFullRings(placed);
  const startMs = placed[0]!.startMs;
  const sampleRate = Math.max(...files.map((file) => file.sampleRate));
  const participants = [...new Set(placed.map(({ file }) => file.participantId))];
  const channelOf = (id: string | null) =>
    layout === 'stereo' ? Math.min(1, participants.indexOf(id)) : participants.indexOf(id);
  const pieces = placed.map(({ file, startMs: beginMs }): Piece => {
    const at = Math.round(((beginMs - startMs) * sampleRate) / 1000);
    const length = Math.ceil((file.samples * sampleRate) / file.sampleRate);
    return { file, channel: channelOf(file.participantId), at, length };
  });
  return {
    layout,
    sampleRate,
    samples: Math.max(...pieces.map(({ at, length }) => at + length)),
    firstTimestampMs: files.some(({ firstTimestampMs }) => firstTimestampMs !== null) ? startMs : null,
    channels: layout === 'stereo' ? [participants.slice(0, 1), participants.slice(1)] : participants.map((id) => [id]),
    pieces: pieces.sort((a, b) => a.at - b.at),
  };
}
