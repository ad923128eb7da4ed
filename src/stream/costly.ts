/** What the messages of a stream cost its decode worker, for the main thread, which ends those that cost too much. */
import { costlyMessagesMax, costlyMessageUnits, forgivenCostlyMs, unitsPerCostlyMs } from '../base/limits.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { StreamSlot } from '../memory/stream-slot.ts';
import type { Stream } from './stream.ts';

/** Messages that were dropped for the time that they would have taken. */
function droppedAsCostly(memory: SharedMemory, { index }: Stream): number {
  return new StreamSlot(memory, index).dropped('costly');
}

/** Even dropping what it sends costs the others. */
export function isTooCostly(memory: SharedMemory, stream: Stream, nowMs: number): boolean {
  return droppedAsCostly(memory, stream) > costlyMessagesMax + (nowMs - stream.connectedMs) / 1000;
}

/** What it took is worth in messages, as a debt of its address. */
export function costlyUnits(memory: SharedMemory, stream: Stream): number {
  const { costlyMs: takenMs } = new StreamSlot(memory, stream.index);
  const units = Math.max(0, takenMs - forgivenCostlyMs) * unitsPerCostlyMs;
  return units + droppedAsCostly(memory, stream) * costlyMessageUnits;
}
