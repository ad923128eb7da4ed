/**
 * The files of each call that is being recorded, until its sink is done with it: then it is announced as a whole. Main thread.
 */
import { dirname } from 'node:path';
import { labelled } from '../ring/track.ts';
import type { RecordedCall, RecordingFile } from '../sink/sink.ts';
import type { EndedStream } from '../stream/ended-stream.ts';
import type { StreamRecording } from '../stream/stream.ts';

/** Files that were finished, calls without their one file, and calls that were deleted, by the reason. */
export type FileCounts = Record<'participant' | 'call' | 'failed' | 'keep' | 'max_gb', number>;

/** A sink that never comes to an end must not cost memory for ever. */
const callsMax = 20_000;

export class RecordedCalls {
  /** Files finished, by the sink and what they are. */
  private readonly counts = new Map<string, FileCounts>();
  private readonly byStream = new Map<string, Map<string, RecordingFile>>();

  /** Returns false if that was known: another thread of the sink tells it again. */
  add({ sink, ...file }: StreamRecording): boolean {
    const key = `${sink} ${file.streamId}`;
    const files = this.byStream.get(key) ?? new Map<string, RecordingFile>();
    const isNew = !files.has(file.path);
    files.set(file.path, file);
    this.byStream.set(key, files);
    if (this.byStream.size > callsMax) this.byStream.delete(this.byStream.keys().next().value!);
    if (isNew) this.countsOf(sink)[file.kind]++;
    return isNew;
  }

  /** The sink is done with a stream. Returns what it has recorded, or null: nothing. */
  finish(sink: string, streamId: string, isComplete: boolean): RecordedCall | null {
    if (!isComplete) this.countsOf(sink).failed++;
    const key = `${sink} ${streamId}`;
    const files = [...(this.byStream.get(key)?.values() ?? [])];
    this.byStream.delete(key);
    const [first] = files;
    if (first === undefined) return null;
    const { callConnectionId, correlationId } = first;
    const complete = isComplete && files.every(({ lost }) => lost === 0);
    const ids = { streamId, callConnectionId, correlationId, ...labelled(first) };
    return { sink, folder: dirname(first.path), ...ids, complete, files };
  }

  /** Zeros for a sink of which nothing was counted. */
  countsOf(sink: string): FileCounts {
    let counts = this.counts.get(sink);
    if (counts === undefined) {
      counts = { participant: 0, call: 0, failed: 0, keep: 0, max_gb: 0 };
      this.counts.set(sink, counts);
    }
    return counts;
  }
}

/** The record of a stream for the log, which has no ids of participants in it; files are named by them. */
export function loggedRecord({ recordings, ...record }: EndedStream) {
  const logged = recordings.map(
    ({ path, participantId, streamId, callConnectionId, correlationId, labels, ...facts }) => {
      return { folder: dirname(path), ...facts };
    },
  );
  return { ...record, recordings: logged };
}
