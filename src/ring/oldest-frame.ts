/** What of a ring can still be read, seen from outside: to count what a hung reader is losing. Any thread. */
import { ringHeader } from '../memory/ring-header.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { guardSlots } from '../memory/sizes.ts';
import type { RingAddress } from './cursor.ts';

/** Sequence number of the oldest frame that is not overwritten; null if the ring was given to another participant. */
export function oldestFrame(memory: SharedMemory, { index, generation }: RingAddress): number | null {
  const ring = ringHeader(memory, index);
  const head = ring.loadHead();
  if (ring.loadGeneration() !== generation) return null;
  return Math.max(0, head - memory.geometry.ringSlotCount + guardSlots);
}
