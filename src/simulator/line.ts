/**
 * The place of one of the calls held at a time: dials its first call, and the next one when a call has been hung up. Main
 * thread. Invariant: at most one call of a line exists at any moment.
 */
import { frameDurationMs } from '../base/limits.ts';
import { WheelItem } from '../base/timer-wheel.ts';
import { Call } from './call.ts';
import type { CallContext } from './call-context.ts';
import { callsOfLine, type PlannedCall } from './churn.ts';

export interface LineEvents {
  callEnded(call: Call): void;
  lineEnded(): void;
}

export class Line extends WheelItem {
  private readonly context: CallContext;
  private readonly events: LineEvents;
  private readonly calls: Iterator<PlannedCall, undefined>;
  private readonly startAt: number;
  private readonly phaseMs: number;
  private next: PlannedCall | null = null;
  private call: Call | null = null;
  private stopped = false;

  constructor(line: number, startAt: number, context: CallContext, events: LineEvents) {
    super();
    this.context = context;
    this.events = events;
    this.startAt = startAt;
    // Lines next to each other in memory send next to each other in time: measurably fewer cache misses.
    this.phaseMs = (line / context.options.calls) * frameDurationMs;
    this.calls = callsOfLine(line, context.options);
    this.proceed();
  }

  override visit(): void {
    this.call = new Call(this.next!, this.phaseMs, this.context, (call) => this.ended(call));
  }

  private ended(call: Call): void {
    this.call = null;
    this.events.callEnded(call);
    if (this.stopped) this.events.lineEnded();
    else this.proceed();
  }

  private proceed(): void {
    this.next = this.calls.next().value ?? null;
    if (this.next === null) this.events.lineEnded();
    else this.context.wheel.schedule(this, this.startAt + this.next.startFrame * frameDurationMs);
  }

  /** Hangs up, and dials no more. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    if (this.call !== null) this.call.interrupt();
    else if (this.tick >= 0) {
      this.context.wheel.cancel(this);
      this.events.lineEnded();
    }
  }
}
