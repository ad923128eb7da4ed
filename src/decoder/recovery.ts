/**
 * What the main thread does with a lane whose worker died: the record that it had in hand is finished, or taken back and, if
 * it is a message, counted as lost; everything behind it is still in the lane. Main thread, before the lane is given to
 * another worker. Afterwards every counter, every ring and the pool are as if the worker had ended between two records.
 */
import { lane, reasonIndex, record, recordBytes, recordKind, streamEnd, streamSlot } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { RingPool } from '../ring/pool.ts';
import { LaneCounters } from './lane-counters.ts';
import { UndoNote } from './undo-note.ts';

/**
 * @param tail where the next record will stand
 * @param messagesPushed into this lane, ever
 */
export function recoverLane(memory: SharedMemory, laneIndex: number, tail: number, messagesPushed: number): void {
  const views = memory.lanes[laneIndex]!;
  const { i32 } = views;
  const counters = new LaneCounters(views);
  const done = i32[lane.done / 4]!;
  const at = lane.halves + done;
  const end = done + recordBytes(i32[(at + record.payloadBytes) / 4]!);
  const kind = i32[(at + record.kind) / 4]!;
  const isInHand = i32[lane.begun / 4] === end && kind !== recordKind.turn;
  const note = new UndoNote(memory, laneIndex);
  const isGone = isInHand && settleInHand(memory, note, counters, kind, i32[(at + record.stream) / 4]!);
  note.clear();
  counters.release(isGone ? end : done);
  new RingPool(memory).recount(laneIndex);
  counters.verify(messagesBefore(views.i32, isGone ? end : done, tail, memory.geometry.laneHalfBytes, messagesPushed));
}

/** Returns whether the record is dealt with: nobody takes it up again. */
function settleInHand(
  memory: SharedMemory,
  note: UndoNote,
  counters: LaneCounters,
  kind: number,
  stream: number,
): boolean {
  const streamAt = memory.streamOffset(stream);
  const isDone = note.settle(streamAt);
  if (kind === recordKind.message) {
    if (!isDone) {
      counters.drop('worker_lost');
      memory.streams.f64[(streamAt + streamSlot.dropped) / 8 + reasonIndex.worker_lost]! += 1;
    }
    return true;
  }
  // An end is repeated; but a release that is through is not: by then the slot may be another stream's.
  return kind === recordKind.release && memory.streams.i32[(streamAt + streamSlot.end) / 4] === streamEnd.released;
}

/** How many messages of the lane come before the record at `head`. */
function messagesBefore(i32: Int32Array, head: number, tail: number, halfBytes: number, pushed: number): number {
  if (head === tail) return pushed;
  const isMark = i32[(lane.halves + head + record.kind) / 4] === recordKind.turn;
  const at = lane.halves + (isMark ? (head < halfBytes ? halfBytes : 0) : head);
  const ordinal = i32[(at + record.ordinal) / 4]!;
  return i32[(at + record.kind) / 4] === recordKind.message ? ordinal - 1 : ordinal;
}
