/**
 * Before frames are overwritten that a reader needs (`ring/gate.ts`): urges it early, when half of the ring is unread, so that it
 * reads while we continue; and waits for it when nothing else is left, within a budget. When that is used up, the reader is lapped,
 * as one without a gate is. A reader that did not move during a wait is not waited for again until it has. Worker thread.
 *
 * A wait holds up all calls of the lane. What it may cost is bounded for the lane, whatever its readers do, and for each stream,
 * whatever its peer does. Between two looks a frame costs a comparison (`RingWriter.isDue`).
 */
import { assertInvariant } from '../base/errors.ts';
import { decodeHangMs } from '../base/limits.ts';
import type { LaneHeader } from '../memory/lane-header.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { StreamSlot } from '../memory/stream-slot.ts';
import { framesHeld, type Gate, gatesOf, unknown } from '../ring/gate.ts';
import type { RingWriter } from '../ring/writer.ts';

/** The share of the time that a stream may have, and that all streams of a lane have; and what each may save up, ms. */
export const gatedShare = { ofStream: 0.01, ofLane: 0.1 } as const;
export const gatedSavedMs = { ofStream: 500, ofLane: 3_000 } as const;
/** How long a single wait may be. */
export const gatedWaitMsMax = 200;
/** With so much of both halves of the lane filled the writer does not wait: lapping one reader is better than dropping messages of every stream. */
const filledShareMax = 0.5;

/** A reader that is behind all the same is looked at again after so many frames, and so is one that does not know the ring. */
const lookAgainFrames = 16;
/** A wait is interrupted so often to see whether the gate is still open, and to show that the worker does not hang. */
const waitSliceMs = 2;

export class Gating {
  /** Set by a wait, until the code that reads the clock has seen it. */
  hasWaited = false;
  private readonly memory: SharedMemory;
  private readonly clock: () => number;
  private readonly gates: readonly Gate[];
  private readonly held: number;
  private readonly half: number;

  constructor(memory: SharedMemory, clock: () => number) {
    this.memory = memory;
    this.clock = clock;
    this.gates = gatesOf(memory);
    this.held = framesHeld(memory.geometry.ringSlotCount);
    this.half = this.held >> 1;
  }

  /** Before so many frames are published in a ring. */
  pass(writer: RingWriter, frames: number, stream: StreamSlot, laneIndex: number): void {
    const lane = this.memory.lanes[laneIndex]!;
    const head = writer.head + frames;
    let dueAt = head + this.half;
    for (const gate of this.gates) {
      if (!gate.isOpen) continue;
      let position = gate.positionIn(writer);
      if (position === unknown) {
        dueAt = Math.min(dueAt, head + lookAgainFrames);
        continue;
      }
      if (head - position > this.held) position = this.wait(gate, writer, head, stream, lane);
      else if (head - position >= this.half) this.urge(gate, writer, lane);
      const unread = head - position;
      if (unread > this.held) dueAt = Math.min(dueAt, head + lookAgainFrames);
      else dueAt = Math.min(dueAt, position + (unread < this.half ? this.half : this.held));
    }
    writer.dueAt = dueAt;
  }

  /** Returns how far the reader has come. */
  private wait(gate: Gate, writer: RingWriter, head: number, stream: StreamSlot, lane: LaneHeader): number {
    const { moves } = gate;
    let position = gate.positionIn(writer);
    if (lane.isGateGivenUp(gate.index, moves)) return position;
    const beganMs = this.clock();
    const untilMs = beganMs + this.allowedMs(stream, lane, beganMs);
    if (untilMs <= beganMs) return position;
    this.urge(gate, writer, lane);
    let nowMs = beganMs;
    while (nowMs < untilMs && head - position > this.held && gate.isOpen && !this.isFilling(lane)) {
      lane.countGateWait();
      gate.wait(writer, position, Math.min(waitSliceMs, untilMs - nowMs));
      position = gate.positionIn(writer);
      nowMs = this.clock();
    }
    if (nowMs === beganMs) return position;
    this.hasWaited = true;
    if (head - position > this.held && gate.moves === moves) lane.giveUpGate(gate.index, moves);
    lane.addGatedMs(gate.index, nowMs - beganMs);
    // A process that stood still as a whole has not waited for that.
    const costMs = Math.min(nowMs - beganMs, gatedWaitMsMax);
    lane.oweGated(gatedShare.ofLane, costMs, nowMs);
    stream.oweGated(gatedShare.ofStream, costMs, nowMs);
    return position;
  }

  private isFilling(lane: LaneHeader): boolean {
    const { laneHalfBytes } = this.memory.geometry;
    const backlogBytes = lane.loadTail() - lane.head;
    const bytes = backlogBytes < 0 ? backlogBytes + 2 * laneHalfBytes : backlogBytes;
    return bytes > filledShareMax * 2 * laneHalfBytes;
  }

  private urge(gate: Gate, writer: RingWriter, lane: LaneHeader): void {
    lane.nameUrged(writer.index);
    gate.urge();
  }

  private allowedMs(stream: StreamSlot, lane: LaneHeader, nowMs: number): number {
    return Math.min(
      gatedWaitMsMax,
      gatedSavedMs.ofLane - lane.gatedOwedMs(gatedShare.ofLane, nowMs),
      gatedSavedMs.ofStream - stream.gatedOwedMs(gatedShare.ofStream, nowMs),
    );
  }
}

assertInvariant(decodeHangMs > 2 * gatedWaitMsMax, 'a worker that waits for a reader does not hang');
