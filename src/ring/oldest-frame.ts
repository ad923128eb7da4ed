/** What of a ring can still be read, seen from outside: for whoever counts what a reader that stands still is losing. Any thread. */
import { guardSlots, ring } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { RingAddress } from './cursor.ts';

/** Sequence number of the oldest frame that is not overwritten; null if the ring was given to somebody else. */
export function oldestFrame(memory: SharedMemory, { index, generation }: RingAddress): number | null {
  const { i32 } = memory.slabOf(index);
  const at = memory.ringOffset(index);
  const head = Atomics.load(i32, (at + ring.head) / 4);
  if (Atomics.load(i32, (at + ring.generation) / 4) !== generation) return null;
  return Math.max(0, head - memory.geometry.ringSlotCount + guardSlots);
}
