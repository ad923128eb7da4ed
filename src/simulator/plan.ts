/**
 * What one participant sends, slot by slot: a slot is the 20 ms in which frame n is due. Pure but for one bit of state; any
 * thread. Invariants: the same seed gives the same plan; the first and the last frame are sent intact, in order and once,
 * so that a recording is as long as the call.
 */
import { malformedKinds } from './malformed.ts';
import { deriveKey, purposes, uniformAt } from './random.ts';
import { SilenceCursor, silentSpans } from './silence.ts';

/** How far from perfect a run is. Shares are of frames, from 0 to 1. */
export interface Impairments {
  /** Share of the call in spans that are flagged silent and hold zeros. */
  readonly silence: number;
  /** Share of frames that are never sent. */
  readonly loss: number;
  /** Share of frames that are sent twice. */
  readonly duplicate: number;
  /** Share of frames that change places with the next one. */
  readonly reorder: number;
  /** Broken or unknown messages, for each audio frame. */
  readonly malformed: number;
  /** Each frame is delayed by 0 to so many ms, in order. */
  readonly jitterMs: number;
}

/** What is sent in a slot. Reused for every slot: there are 50,000 a second of them. */
export interface SlotPlan {
  /** Delay of the whole slot. */
  delayMs: number;
  /** How many audio messages: 0 (lost, or held back), 1 or 2 (twice the same; or two in exchanged order). */
  count: number;
  first: number;
  second: number;
  /** Index into `malformedKinds` of a message sent after the audio, or -1. */
  malformed: number;
}

export function emptySlot(): SlotPlan {
  return { delayMs: 0, count: 0, first: -1, second: -1, malformed: -1 };
}

export class ParticipantPlan {
  readonly frameCount: number;
  private readonly impairments: Impairments;
  private readonly key: (purpose: number) => number;
  private readonly lossKey: number;
  private readonly duplicateKey: number;
  private readonly reorderKey: number;
  private readonly jitterKey: number;
  private readonly malformedKey: number;
  private readonly malformedKindKey: number;
  private readonly silence: SilenceCursor;
  /** The frame of the slot before was held back, to be sent after this slot's. */
  private held = false;

  constructor(seed: number, call: number, participant: number, frameCount: number, impairments: Impairments) {
    this.frameCount = frameCount;
    this.impairments = impairments;
    this.key = (purpose) => deriveKey(seed, purpose, call, participant);
    this.lossKey = this.key(purposes.loss);
    this.duplicateKey = this.key(purposes.duplicate);
    this.reorderKey = this.key(purposes.reorder);
    this.jitterKey = this.key(purposes.jitter);
    this.malformedKey = this.key(purposes.malformed);
    this.malformedKindKey = this.key(purposes.malformedKind);
    this.silence = new SilenceCursor(silentSpans(this.key(purposes.silence), frameCount, impairments.silence));
  }

  isSilent(index: number): boolean {
    return this.silence.isSilent(index);
  }

  /** Writes the plan of a slot into `out`. Ask for the slots in order, from 0. */
  slot(index: number, out: SlotPlan): void {
    const { reorder, jitterMs, malformed } = this.impairments;
    out.delayMs = jitterMs === 0 ? 0 : uniformAt(this.jitterKey, index) * jitterMs;
    out.malformed =
      malformed > 0 && uniformAt(this.malformedKey, index) < malformed
        ? Math.floor(uniformAt(this.malformedKindKey, index) * malformedKinds.length)
        : -1;
    out.first = index;
    if (this.held) {
      this.held = false;
      out.count = 2;
      out.second = index - 1;
    } else if (this.lost(index)) out.count = 0;
    else if (this.duplicated(index)) {
      out.count = 2;
      out.second = index;
    } else if (reorder > 0 && this.swapped(index)) {
      this.held = true;
      out.count = 0;
    } else out.count = 1;
  }

  /** Neither the first nor the last frame. */
  private inner(index: number): boolean {
    return index > 0 && index < this.frameCount - 1;
  }

  private lost(index: number): boolean {
    const { loss } = this.impairments;
    return loss > 0 && this.inner(index) && uniformAt(this.lossKey, index) < loss;
  }

  private duplicated(index: number): boolean {
    const { duplicate } = this.impairments;
    return duplicate > 0 && this.inner(index) && uniformAt(this.duplicateKey, index) < duplicate;
  }

  /** Exchanged with the next one, which must be sent, once, and not be the last. */
  private swapped(index: number): boolean {
    if (!this.inner(index) || !this.inner(index + 1)) return false;
    if (uniformAt(this.reorderKey, index) >= this.impairments.reorder) return false;
    return !this.lost(index + 1) && !this.duplicated(index + 1);
  }
}

/** The frames of a plan in the order in which they are sent. Not for long calls: it is all in memory. */
export function sendingOrder(plan: ParticipantPlan): number[] {
  const order: number[] = [];
  const slot = emptySlot();
  for (let index = 0; index < plan.frameCount; index++) {
    plan.slot(index, slot);
    if (slot.count > 0) order.push(slot.first);
    if (slot.count > 1) order.push(slot.second);
  }
  return order;
}
