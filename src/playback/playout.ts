/**
 * When a call hears what it is sent. Frames follow one another without a gap as long as each is sent before the one before has
 * been played; the pacer sends as far ahead as the lead, by an absolute clock, so no lateness adds up. Pure: the clock is an argument.
 */
import { frameDurationMs } from '../base/limits.ts';

export class Playout {
  private readonly leadMs: number;
  /** When everything that was sent will have been played; nothing was: minus infinity. */
  endMs = Number.NEGATIVE_INFINITY;

  constructor(leadMs: number) {
    this.leadMs = leadMs;
  }

  /** Whether another frame is due. After a stall that is as many as the lead, and no more: nothing is caught up with. */
  wants(nowMs: number): boolean {
    return this.endMs < nowMs + this.leadMs;
  }

  /** How many frames are. */
  dueFrames(nowMs: number): number {
    return Math.max(0, Math.ceil((nowMs + this.leadMs - Math.max(nowMs, this.endMs)) / frameDurationMs));
  }

  /** The call hears nothing: everything has been played, or nothing was sent. */
  isDry(nowMs: number): boolean {
    return this.endMs <= nowMs;
  }

  /** How long the call still hears what was sent. */
  aheadMs(nowMs: number): number {
    return Math.max(0, this.endMs - nowMs);
  }

  /** A frame is sent. Returns when it begins to be heard. */
  take(nowMs: number): number {
    const startMs = Math.max(nowMs, this.endMs);
    this.endMs = startMs + frameDurationMs;
    return startMs;
  }

  /** So much of what was sent cannot have been played, though its time may have come. Returns by how much all of it is later. */
  hold(nowMs: number, unheardMs: number): number {
    if (!Number.isFinite(this.endMs)) return 0;
    const laterMs = Math.max(0, nowMs + unheardMs - this.endMs);
    this.endMs += laterMs;
    return laterMs;
  }

  /** Nothing of it is played any more. Returns how much that was. */
  drop(nowMs: number): number {
    const unheardMs = this.aheadMs(nowMs);
    if (unheardMs > 0) this.endMs = nowMs;
    return unheardMs;
  }

  /** ACS threw away what it had. Returns how much of it was not played. */
  cut(nowMs: number): number {
    const unheardMs = this.aheadMs(nowMs);
    this.endMs = Number.NEGATIVE_INFINITY;
    return unheardMs;
  }

  /** Another socket: what the last one had is nobody's any more. */
  reset(): void {
    this.endMs = Number.NEGATIVE_INFINITY;
  }
}
