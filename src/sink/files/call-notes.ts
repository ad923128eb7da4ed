/** What a call's folder holds: the JSON notes beside the participants' files, and where the audio begins in each. Any thread. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { bytesPerSample } from '../../base/limits.ts';
import { type Labels, labelled } from '../../ring/track.ts';
import { msOf } from '../iso-time.ts';
import type { TrackFile } from './call-plan.ts';
import { codeOf } from './files.ts';

/** What the notes of one stream say of it, and its files. */
export interface CallNotes {
  readonly streamId: string;
  readonly callConnectionId: string | null;
  readonly correlationId: string | null;
  readonly labels?: Labels;
  /** Every recording in it has ended in an orderly way. */
  readonly isComplete: boolean;
  readonly files: readonly TrackFile[];
}

interface Note {
  readonly format: { readonly container: 'wav' | 'pcm'; readonly sampleRate: number; readonly gaps: 'fill' | 'skip' };
  readonly streamId: string;
  readonly callConnectionId: string | null;
  readonly correlationId: string | null;
  readonly labels?: Labels;
  readonly participantId: string | null;
  readonly complete: boolean;
  readonly firstTimestamp: string | null;
  readonly firstArrival?: string | null;
  readonly [count: string]: unknown;
}

/** The note of a recording, or null: a JSON file of something else, or one that is gone. */
function readNote(path: string): Note | null {
  try {
    const note = JSON.parse(readFileSync(path, 'utf8')) as Partial<Note> | null;
    const isNote =
      typeof note?.streamId === 'string' && 'participantId' in note && note.format?.sampleRate !== undefined;
    return isNote ? (note as Note) : null;
  } catch (error) {
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Where the audio of a file begins: behind the head of its data chunk, or at once. */
function dataOffset(file: number, container: 'wav' | 'pcm'): number {
  if (container === 'pcm') return 0;
  const head = Buffer.alloc(256);
  const bytes = readSync(file, head, 0, head.length, 0);
  for (let at = 12; at + 8 <= bytes; ) {
    if (head.toString('latin1', at, at + 4) === 'data') return at + 8;
    at += 8 + head.readUInt32LE(at + 4);
  }
  return bytes;
}

function countOf(note: Note, name: string): number {
  return Number(note[name] ?? 0);
}

const counted = ['frames', 'duplicate', 'unplaced', 'lapped', 'lost'] as const;

function trackFile(folder: string, name: string, note: Note): TrackFile {
  const { container, sampleRate } = note.format;
  const file = openSync(join(folder, name), 'r');
  try {
    const dataAt = dataOffset(file, container);
    const bytes = Math.max(0, fstatSync(file).size - dataAt);
    return {
      name,
      participantId: note.participantId,
      sampleRate,
      dataAt,
      samples: Math.floor(bytes / bytesPerSample),
      firstTimestampMs: note.firstTimestamp === null ? null : msOf(note.firstTimestamp),
      firstArrivalMs: typeof note.firstArrival === 'string' ? msOf(note.firstArrival) : null,
      ringFrames: counted.reduce((sum, count) => sum + countOf(note, count), 0),
      frames: countOf(note, 'frames'),
      missing: countOf(note, 'missing'),
      lapped: countOf(note, 'lapped'),
      lost: countOf(note, 'lost'),
    };
  } finally {
    closeSync(file);
  }
}

/**
 * Reads the notes of a folder; null if there are none with audio.
 * @param streamId of this stream only
 * @throws if its files cannot be aligned
 */
export function readCallNotes(folder: string, streamId: string | null = null): CallNotes | null {
  const files: TrackFile[] = [];
  let first: Note | null = null;
  let isComplete = true;
  for (const entry of readdirSync(folder).sort()) {
    const note = entry.endsWith('.json') ? readNote(join(folder, entry)) : null;
    if (note === null || (streamId !== null && note.streamId !== streamId)) continue;
    if (note.format.gaps !== 'fill')
      throw new Error('recorded with gaps=skip: what was left out cannot be put in its place');
    first ??= note;
    isComplete &&= note.complete;
    const file = trackFile(folder, entry.replace(/json$/, note.format.container), note);
    if (file.samples > 0) files.push(file);
  }
  if (first === null || files.length === 0) return null;
  const { callConnectionId, correlationId } = first;
  return { streamId: first.streamId, callConnectionId, correlationId, ...labelled(first), isComplete, files };
}
