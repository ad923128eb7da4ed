/**
 * All readers of one name, as the main thread sees them: whom it gave a ring, and what became of its frames. Invariant: a
 * frame of a ring that was given out counts once, as read, lapped or skipped, when the reader has finished or the time is
 * up. Main thread.
 */

import { awakeClock } from '../base/awake-clock.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { layoutVersion } from '../memory/shared-memory.ts';
import { placeOf, type RingAddress, ringKey } from '../ring/cursor.ts';
import type { Track } from '../ring/track.ts';
import type { RingHandle } from './handle.ts';
import { ReaderProgress } from './progress.ts';

export interface ReaderGroupOptions {
  readonly name: string;
  readonly memory: SharedMemory;
  /** How long a reader may take to finish after the end; then its ring is given to another participant. */
  readonly lingerMs: number;
  /** No reader of this name looks at a ring of this stream any more. */
  readonly onDrained: (streamId: string, end: { readonly framesRead: number; readonly framesLapped: number }) => void;
}

interface Entry {
  readonly streamId: string;
  /** Null until a reader has asked for the ring. */
  progress: ReaderProgress | null;
}

export class ReaderGroup {
  readonly name: string;
  // What a sink has and a reader has not: it reads, and keeps nothing.
  readonly lostFrames = 0;
  readonly errors = 0;
  readonly restarts = 0;
  readonly isReady = true;
  readonly framesUnaccounted = 0;
  /** It is not waited for. */
  readonly gatedMs = 0;
  private readonly options: ReaderGroupOptions;
  private readonly entries = new Map<string, Entry>();
  private readonly drained = { framesRead: 0, framesLapped: 0 };

  constructor(options: ReaderGroupOptions) {
    this.options = options;
    this.name = options.name;
  }

  started(ring: RingAddress, streamId: string): void {
    this.entries.set(ringKey(ring), { streamId, progress: null });
  }

  /** The ring for a reader; the same each time, so that another reader can continue where one stopped. Null if it has ended. */
  handle(ring: RingAddress, track: Track): RingHandle | null {
    const entry = this.entries.get(ringKey(ring));
    if (entry === undefined) return null;
    entry.progress ??= new ReaderProgress();
    const place = placeOf(this.options.memory, ring);
    return { ...track, reader: this.name, place, progress: entry.progress.buffer, layoutVersion };
  }

  ended(ring: RingAddress, frames: number): void {
    const entry = this.entries.get(ringKey(ring));
    if (entry === undefined) return;
    const { progress, streamId } = entry;
    if (progress === null || progress.isFinished) {
      this.settle(ring, streamId, progress, frames);
      return;
    }
    void this.finished(progress).then(() => this.settle(ring, streamId, progress, frames));
  }

  get frames(): number {
    return this.sum('framesRead');
  }
  get lappedFrames(): number {
    return this.sum('framesLapped');
  }

  /** The reader has finished, or its time is up. */
  private async finished(progress: ReaderProgress): Promise<void> {
    const startMs = performance.now();
    let leftMs = this.options.lingerMs;
    while (leftMs > 0 && !progress.isFinished) {
      await progress.finished(leftMs);
      leftMs = this.options.lingerMs - awakeClock.since(startMs);
    }
  }

  private settle(ring: RingAddress, streamId: string, progress: ReaderProgress | null, frames: number): void {
    this.entries.delete(ringKey(ring));
    const framesRead = progress?.framesRead ?? 0;
    // What was not read by now never will be.
    const framesLapped = progress === null ? 0 : frames - framesRead - progress.framesSkipped;
    this.drained.framesRead += framesRead;
    this.drained.framesLapped += framesLapped;
    this.options.onDrained(streamId, { framesRead, framesLapped });
  }

  private sum(count: 'framesRead' | 'framesLapped'): number {
    let sum = this.drained[count];
    for (const { progress } of this.entries.values()) sum += progress?.[count] ?? 0;
    return sum;
  }
}
