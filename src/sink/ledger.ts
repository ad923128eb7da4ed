/**
 * The tracks of one sink as the main thread sees them: what a thread that takes over has to be told, and what the sink has
 * done with the frames. Invariant: each frame of a track that is drained was counted once, whichever thread read it; no
 * count ever decreases. Main thread.
 */
import type { RingAddress } from '../ring/cursor.ts';
import { ringKey, streamMemoDoubles, type TrackNews } from './messages.ts';
import { Progress } from './progress.ts';
import type { Track, TrackEnd } from './sink.ts';

export interface Entry {
  readonly news: TrackNews;
  readonly progress: Progress;
  /** How many frames the ring had at its end; null while it goes on. */
  frames: number | null;
  endedMs: number;
  /** The thread that runs has been told of it. */
  isTold: boolean;
}

interface StreamEntry {
  readonly memo: SharedArrayBuffer;
  tracks: number;
  isEnded: boolean;
}

/** The ring of a track that ended so long ago has been somebody else's for most of it. */
const waitForThreadMs = 60_000;

export class Ledger {
  /** Frames of drained tracks that are neither read nor lapped. */
  framesUnaccounted = 0;
  private readonly tracks = new Map<string, Entry>();
  private readonly streams = new Map<string, StreamEntry>();
  private readonly drained = { framesRead: 0, framesLapped: 0, framesLost: 0 };

  get entries(): Entry[] {
    return [...this.tracks.values()];
  }

  get framesRead(): number {
    return this.sum('framesRead');
  }
  get framesLapped(): number {
    return this.sum('framesLapped');
  }
  get framesLost(): number {
    return this.sum('framesLost');
  }

  begin(track: Track, ring: RingAddress): Entry {
    let stream = this.streams.get(track.streamId);
    if (stream === undefined) {
      stream = { memo: new SharedArrayBuffer(8 * streamMemoDoubles), tracks: 0, isEnded: false };
      this.streams.set(track.streamId, stream);
    }
    stream.tracks++;
    const progress = new Progress();
    const news = { track, ring, progress: progress.buffer, ofStream: stream.memo };
    const entry: Entry = { news, progress, frames: null, endedMs: 0, isTold: false };
    this.tracks.set(ringKey(ring), entry);
    return entry;
  }

  find(ring: RingAddress): Entry | undefined {
    return this.tracks.get(ringKey(ring));
  }

  /** No track of this stream follows. Returns whether a sink may know it. */
  streamEnded(streamId: string): boolean {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return false;
    stream.isEnded = true;
    this.forgetStream(streamId, stream);
    return true;
  }

  /** Streams with tracks that are not drained, of which no other will follow. */
  get endedStreams(): string[] {
    return Array.from(this.streams.keys()).filter((id) => this.streams.get(id)!.isEnded);
  }

  /** The sink is done with a track: it counts as what its progress says. */
  settle(entry: Entry): TrackEnd {
    const { framesRead, framesLapped, framesLost } = entry.progress;
    return this.close(entry, { framesRead, framesLapped, framesLost });
  }

  /** Gives tracks up that no thread came to: what was not read is lapped. Only while no thread runs. */
  giveUp(nowMs: number): { readonly streamId: string; readonly end: TrackEnd }[] {
    const late = this.entries.filter(({ frames, endedMs }) => frames !== null && nowMs - endedMs > waitForThreadMs);
    return late.map((entry) => {
      const { framesRead, framesLost } = entry.progress;
      const framesLapped = entry.frames! - framesRead;
      return { streamId: entry.news.track.streamId, end: this.close(entry, { framesRead, framesLapped, framesLost }) };
    });
  }

  private close(entry: Entry, end: TrackEnd & { readonly framesLost: number }): TrackEnd {
    const { ring, track } = entry.news;
    this.tracks.delete(ringKey(ring));
    this.drained.framesRead += end.framesRead;
    this.drained.framesLapped += end.framesLapped;
    this.drained.framesLost += end.framesLost;
    this.framesUnaccounted += (entry.frames ?? 0) - end.framesRead - end.framesLapped;
    const stream = this.streams.get(track.streamId)!;
    stream.tracks--;
    this.forgetStream(track.streamId, stream);
    return end;
  }

  private sum(count: 'framesRead' | 'framesLapped' | 'framesLost'): number {
    let sum = this.drained[count];
    for (const { progress } of this.tracks.values()) sum += progress[count];
    return sum;
  }

  private forgetStream(streamId: string, stream: StreamEntry): void {
    if (stream.isEnded && stream.tracks === 0) this.streams.delete(streamId);
  }
}
