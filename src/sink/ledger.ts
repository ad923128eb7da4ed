/**
 * The tracks of one sink as the main thread sees them: what a thread that takes over has to be told, and what the sink has
 * done with the frames. Invariants: at every moment, for each track, frames published = read + lapped + still to read, and no
 * more are to be read than a ring holds; each frame of a track that is drained was counted once, whichever thread read it; no
 * count ever decreases. Main thread.
 *
 * While no thread turns, what is overwritten is counted from outside. It stays counted as lapped, also if the thread comes
 * back to life with frames in hand that it had read in time.
 */
import type { SharedMemory } from '../memory/shared-memory.ts';
import { type RingAddress, ringKey } from '../ring/cursor.ts';
import { oldestFrame } from '../ring/oldest-frame.ts';
import { type StreamEnd, streamCheckpointDoubles, type TrackStart } from './messages.ts';
import { Progress, type ProgressCounts } from './progress.ts';
import type { Track, TrackEnd } from './sink.ts';

export interface Entry {
  start: TrackStart;
  progress: Progress;
  /** What counts, here: at least what the progress says. */
  readonly counts: ProgressCounts;
  /** How many frames the ring had at its end; null while it has not ended. */
  frames: number | null;
  endedMs: number;
  /** The running thread knows it. */
  isTold: boolean;
}

/** A track that is over, as its stream wants to know it. */
export interface DrainedTrack {
  readonly streamId: string;
  readonly end: TrackEnd;
}

export interface LedgerSums {
  framesRead: number;
  framesLapped: number;
  framesLost: number;
}

interface StreamEntry {
  readonly track: Track;
  checkpoint: SharedArrayBuffer;
  tracks: number;
  isEnded: boolean;
}

/** Streams whose sink never comes to an end with them are forgotten, the oldest first. */
const endedStreamsMax = 10_000;

/** The ring of a track that ended so long ago has been another participant's for most of it. */
const waitForThreadMs = 60_000;

export class Ledger {
  /** Frames of drained tracks that are neither read nor lapped. */
  framesUnaccounted = 0;
  private readonly memory: SharedMemory;
  private readonly tracks = new Map<string, Entry>();
  private readonly streams = new Map<string, StreamEntry>();
  private readonly drained: LedgerSums = { framesRead: 0, framesLapped: 0, framesLost: 0 };
  private readonly seen: ProgressCounts = { next: 0, framesLapped: 0, framesLost: 0 };

  constructor(memory: SharedMemory) {
    this.memory = memory;
  }

  get entries(): Entry[] {
    return [...this.tracks.values()];
  }

  /** Frames of all tracks so far. `standsStill`: no thread turns at this moment. */
  sums(standsStill: boolean): LedgerSums {
    const sums = { ...this.drained };
    for (const entry of this.tracks.values()) {
      const { next, framesLapped, framesLost } = this.look(entry, standsStill);
      sums.framesRead += next - framesLapped;
      sums.framesLapped += framesLapped;
      sums.framesLost += framesLost;
    }
    return sums;
  }

  begin(track: Track, ring: RingAddress): Entry {
    let stream = this.streams.get(track.streamId);
    if (stream === undefined) {
      stream = { track, checkpoint: new SharedArrayBuffer(8 * streamCheckpointDoubles), tracks: 0, isEnded: false };
      this.streams.set(track.streamId, stream);
    }
    stream.tracks++;
    const progress = new Progress();
    const start = { track, ring, progress: progress.buffer, ofStream: stream.checkpoint };
    const counts = { next: 0, framesLapped: 0, framesLost: 0 };
    const entry: Entry = { start, progress, counts, frames: null, endedMs: 0, isTold: false };
    this.tracks.set(ringKey(ring), entry);
    return entry;
  }

  find(ring: RingAddress): Entry | undefined {
    return this.tracks.get(ringKey(ring));
  }

  /** No track of this stream follows. Returns what the sink is sent about it; null if it does not know the stream. */
  streamEnded(streamId: string): StreamEnd | null {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return null;
    stream.isEnded = true;
    return this.endOf(stream);
  }

  /** The sink is done with a stream that ended. */
  streamDone(streamId: string): void {
    this.streams.delete(streamId);
  }

  /** Streams of which no other track will follow, and with which the sink is not done. */
  get endedStreams(): StreamEnd[] {
    const ended = Array.from(this.streams.values()).filter(({ isEnded }) => isEnded);
    const forgotten = Math.max(0, ended.length - endedStreamsMax);
    for (const { track, tracks } of ended.slice(0, forgotten)) if (tracks === 0) this.streams.delete(track.streamId);
    return ended.slice(forgotten).map((stream) => this.endOf(stream));
  }

  /** Streams of which every track is drained, and with which the sink is not done. */
  get streamsPending(): number {
    let pending = 0;
    for (const { isEnded, tracks } of this.streams.values()) if (isEnded && tracks === 0) pending++;
    return pending;
  }

  private endOf({ track, checkpoint }: StreamEntry): StreamEnd {
    const { streamId, callConnectionId, correlationId } = track;
    return { streamId, callConnectionId, correlationId, ofStream: checkpoint };
  }

  /** A thread takes over: it begins where the counts are. Only while no thread runs. */
  handOver(): void {
    for (const entry of this.tracks.values()) {
      const { next, framesLapped } = this.look(entry, true);
      entry.progress.moveTo(next, framesLapped);
    }
  }

  /** What the thread that had the tracks still writes does not count any more: its successor gets memory of its own. */
  takeAway(): void {
    for (const stream of this.streams.values()) stream.checkpoint = stream.checkpoint.slice(0);
    for (const entry of this.tracks.values()) {
      const { track, ring } = entry.start;
      const progress = new Progress();
      progress.commit(entry.progress.recall());
      entry.progress = progress;
      const ofStream = this.streams.get(track.streamId)!.checkpoint;
      entry.start = { track, ring, progress: progress.buffer, ofStream };
    }
  }

  /** The sink is done with a track. */
  settle(entry: Entry): TrackEnd {
    return this.close(entry, this.look(entry, false));
  }

  /** Gives tracks up that ended and that no thread came to: what was not read is lapped. Only while no thread runs. */
  giveUp(nowMs: number, waitMs = waitForThreadMs): DrainedTrack[] {
    const late = this.entries.filter(({ frames, endedMs }) => frames !== null && nowMs - endedMs >= waitMs);
    return late.map((entry) => {
      const counts = this.look(entry, true);
      counts.framesLapped += entry.frames! - counts.next;
      counts.next = entry.frames!;
      return { streamId: entry.start.track.streamId, end: this.close(entry, counts) };
    });
  }

  /** Brings the counts of a track up to date. */
  private look(entry: Entry, standsStill: boolean): ProgressCounts {
    const { counts, frames, start } = entry;
    entry.progress.readCounts(this.seen);
    counts.next = Math.max(counts.next, this.seen.next);
    counts.framesLapped = Math.max(counts.framesLapped, this.seen.framesLapped);
    counts.framesLost = Math.max(counts.framesLost, this.seen.framesLost);
    if (!standsStill) return counts;
    // A ring that was given away has nothing of this track any more.
    const oldest = oldestFrame(this.memory, start.ring) ?? frames ?? counts.next;
    if (oldest <= counts.next) return counts;
    counts.framesLapped += oldest - counts.next;
    counts.next = oldest;
    return counts;
  }

  private close(entry: Entry, { next, framesLapped, framesLost }: ProgressCounts): TrackEnd {
    const { ring, track } = entry.start;
    const framesRead = next - framesLapped;
    this.tracks.delete(ringKey(ring));
    this.drained.framesRead += framesRead;
    this.drained.framesLapped += framesLapped;
    this.drained.framesLost += framesLost;
    this.framesUnaccounted += (entry.frames ?? 0) - next;
    const stream = this.streams.get(track.streamId);
    if (stream !== undefined) stream.tracks--;
    return { framesRead, framesLapped };
  }
}
