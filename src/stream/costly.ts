/** What the messages of a stream cost its decode worker, for the main thread, which ends those that cost too much. */
import { costlyMessageUnits, forgivenCostlyMs, unitsPerCostlyMs } from '../base/limits.ts';
import { isTooCostly as isSlotTooCostly } from '../decoder/costly-budget.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { StreamSlot } from '../memory/stream-slot.ts';
import type { Stream } from './stream.ts';

/** Even dropping what it sends costs the others. */
export function isTooCostly(memory: SharedMemory, stream: Stream, nowMs: number): boolean {
  return isSlotTooCostly(new StreamSlot(memory, stream.index), nowMs);
}

/** What it took is worth in messages, as a debt of its address. */
export function costlyUnits(memory: SharedMemory, stream: Stream): number {
  const slot = new StreamSlot(memory, stream.index);
  const units = Math.max(0, slot.costlyMs - forgivenCostlyMs) * unitsPerCostlyMs;
  return units + slot.dropped('costly') * costlyMessageUnits;
}
