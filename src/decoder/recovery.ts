/**
 * What the main thread does with a lane whose worker died: the record that it had in hand is finished, or taken back and, if
 * it is a message, counted as lost; everything behind it is still in the lane. Main thread, before the lane is given to
 * another worker. Afterwards every counter, every ring and the pool are as if the worker had ended between two records.
 */
import type { LaneHeader } from '../memory/lane-header.ts';
import type { LaneRecord } from '../memory/lane-record.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { recordKind, streamEnd } from '../memory/states.ts';
import { StreamSlot } from '../memory/stream-slot.ts';
import { RingPool } from '../ring/pool.ts';
import { UndoNote } from './undo-note.ts';

/**
 * @param tail where the next record will stand
 * @param messagesPushed into this lane, ever
 */
export function recoverLane(memory: SharedMemory, laneIndex: number, tail: number, messagesPushed: number): void {
  const lane = memory.lanes[laneIndex]!;
  const record = lane.record();
  const done = lane.loadDone();
  record.moveTo(done);
  const end = done + record.size;
  const isInHand = lane.loadBegun() === end && record.kind !== recordKind.turn;
  const note = new UndoNote(memory, laneIndex);
  const isGone = isInHand && settleInHand(memory, note, lane, record);
  note.clear();
  lane.release(isGone ? end : done);
  new RingPool(memory).recount(laneIndex);
  lane.verify(messagesBefore(record, isGone ? end : done, tail, memory.geometry.laneHalfBytes, messagesPushed));
}

/** Returns whether the record is dealt with and must not be decoded again. */
function settleInHand(memory: SharedMemory, note: UndoNote, lane: LaneHeader, { kind, stream }: LaneRecord): boolean {
  const slot = new StreamSlot(memory, stream);
  const isDone = note.settle(slot);
  if (kind === recordKind.message) {
    if (!isDone) {
      lane.drop('worker_lost');
      slot.drop('worker_lost');
    }
    return true;
  }
  // An end is repeated; but a release that is through is not: by then the slot may be another stream's.
  return kind === recordKind.release && slot.loadEnd() === streamEnd.released;
}

/** How many messages of the lane come before the record at `head`. */
function messagesBefore(record: LaneRecord, head: number, tail: number, halfBytes: number, pushed: number): number {
  if (head === tail) return pushed;
  record.moveTo(head);
  if (record.kind === recordKind.turn) record.moveTo(head < halfBytes ? halfBytes : 0);
  return record.kind === recordKind.message ? record.ordinal - 1 : record.ordinal;
}
