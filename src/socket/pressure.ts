/**
 * Whether there is room for one more stream. The policy: a new stream is refused before a running one suffers. So room ends
 * before memory does, when lanes fill, and when the main thread is late for what it has. Every refusal is counted by its
 * cause, and it ends by itself as soon as the cause is gone. Main thread.
 */

import { laneBacklogBytesMax, loopLateMsMax, ringReserveShare } from '../base/limits.ts';
import type { Lane } from '../lane/lane.ts';
import type { RingPool } from '../ring/pool.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import type { OverloadCause } from '../stream/totals.ts';

export interface PressureSources {
  readonly registry: StreamRegistry;
  readonly rings: RingPool;
  readonly ringCount: number;
  readonly lanes: readonly Lane[];
  /** Whether as many streams are spoken into as may be: the next one may want to be as well. */
  readonly lacksPlayback: () => boolean;
  /** Whether a decode worker is missing or hangs. */
  readonly isDegraded: () => boolean;
  /** How late the main thread has been of late, in ms. */
  readonly lateness: () => number;
  /** No connection is accepted, for want of file descriptors. */
  readonly lacksDescriptors: () => boolean;
}

export class Pressure {
  private readonly sources: PressureSources;
  /** Rings that are kept for further participants of running streams. */
  private readonly ringReserve: number;

  constructor(sources: PressureSources) {
    this.sources = sources;
    this.ringReserve = Math.floor(sources.ringCount * ringReserveShare);
  }

  /** Why a new stream is refused; null when there is room. */
  get cause(): OverloadCause | null {
    const { registry, rings, ringCount, lanes, isDegraded, lateness, lacksDescriptors, lacksPlayback } = this.sources;
    if (isDegraded()) return 'workers';
    if (registry.isFull) return 'streams';
    if (lacksDescriptors()) return 'descriptors';
    if (rings.inUse >= ringCount - this.ringReserve) return 'ring_memory';
    if (lacksPlayback()) return 'playback_memory';
    for (const lane of lanes) if (lane.backlogBytes > laneBacklogBytesMax) return 'lanes';
    return lateness() > loopLateMsMax ? 'event_loop' : null;
  }
}
