/**
 * Rings that were full, whose participants moved to others: they stay for their readers as long as those of an ended stream do,
 * and go back to the pool, in the middle of the stream. Main thread. Invariant: such a ring is in no stream's list, so no
 * worker writes to it or gives it back.
 */
import { ringHeader } from '../memory/ring-header.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { RingPool } from '../ring/pool.ts';
import { describeRing, type FullRing, type ParticipantRing, reportRing, ringJitter } from './ring-report.ts';
import type { Stream } from './stream.ts';

export class FullRings {
  private readonly memory: SharedMemory;
  private readonly pool: RingPool;
  private readonly lingerMs: number;

  constructor(memory: SharedMemory, lingerMs: number) {
    this.memory = memory;
    this.pool = new RingPool(memory);
    this.lingerMs = lingerMs;
  }

  /** The worker has put another ring in its place. Returns the old one as it ended. */
  retire(stream: Stream, index: number): ParticipantRing {
    const { memory } = this;
    // A worker may have died between the two.
    ringHeader(memory, index).end();
    const full: FullRing = {
      index,
      report: reportRing(memory, index),
      jitter: ringJitter(memory, index),
      timer: setTimeout(() => this.giveBack(full), this.lingerMs),
    };
    full.timer?.unref();
    stream.fullRings.push(full);
    return describeRing(memory, index);
  }

  /** No reader looks at any ring of the stream any more. */
  release(stream: Stream): void {
    for (const full of stream.fullRings) if (full.timer !== null) this.giveBack(full);
  }

  private giveBack(full: FullRing): void {
    if (full.timer !== null) clearTimeout(full.timer);
    full.timer = null;
    this.pool.release(full.index);
  }
}
