/**
 * One call, from dialling to its close. Main thread. Frame n of every participant leaves at start + n x 20 ms plus its
 * jitter; what is overdue leaves at once. Invariants: within a call messages leave in the order of their slots, as TCP keeps
 * them; a call ends in exactly one outcome, and never lasts longer than its plan plus the bounded waits at its end.
 */
import { frameDurationMs } from '../base/limits.ts';
import { WheelItem } from '../base/timer-wheel.ts';
import type { CallContext } from './call-context.ts';
import { type CallerRole, makeRole, plainRole } from './caller-role.ts';
import type { PlannedCall } from './churn.ts';
import { Connection } from './connection.ts';
import { HeardCall } from './heard-call.ts';
import { type CallIdentity, callIdentity, identityHeaders } from './identity.ts';
import { metadataMessage } from './message.ts';
import { emptySlot } from './plan.ts';
import { ReadingStall } from './reading-stall.ts';
import { releasedMs } from './stall.ts';
import { type CallOutcome, countBy } from './tally.ts';
import { type Track, tracksOf } from './track.ts';

export class Call extends WheelItem {
  readonly number: number;
  readonly identity: CallIdentity;
  outcome: CallOutcome | null = null;
  closeCode: number | null = null;
  unsentFrames = 0;
  tracks: readonly Track[] = [];
  /** Null as long as the server has said nothing. */
  heard: HeardCall | null = null;
  private readonly context: CallContext;
  private readonly planned: PlannedCall;
  private readonly phaseMs: number;
  private readonly onEnd: (call: Call) => void;
  private connection: Connection;
  private role: CallerRole = plainRole;
  private stall: ReadingStall | null = null;
  private readonly slot = emptySlot();
  private state: 'dialling' | 'talking' | 'flushing' | 'closing' | 'ended' = 'dialling';
  private startAt = 0;
  private baseMs = 0;
  private frame = 0;
  private participant = -1;
  private nextAt = 0;
  private deadline = 0;
  private breakAt = Number.POSITIVE_INFINITY;

  /** Dials at once. `phaseMs`: when its frames are due within the 20 ms. `onEnd` is called once, when everything is over. */
  constructor(planned: PlannedCall, phaseMs: number, context: CallContext, onEnd: (call: Call) => void) {
    super();
    this.number = planned.call;
    this.identity = callIdentity(context.options.seed, planned.call);
    this.planned = planned;
    this.phaseMs = phaseMs;
    this.context = context;
    this.onEnd = onEnd;
    context.tally.dialled++;
    this.connection = this.dial();
  }

  private dial(): Connection {
    const { options, tally } = this.context;
    const headers = { ...options.headers, ...identityHeaders(this.identity) };
    const connection = new Connection(
      { ...options, headers },
      {
        open: () => this.opened(),
        refused: (status) => {
          countBy(tally.refused, status);
          this.end('refused');
        },
        failed: (reason) => {
          if (this.outcome === null) countBy(tally.failed, reason);
          this.end(this.outcome ?? 'failed');
        },
        closed: (code) => {
          if (connection === this.connection) this.closed(code);
        },
        message: (data, isBinary) => this.hear(data, isBinary),
      },
    );
    return connection;
  }

  private opened(): void {
    const { options, tally, clock, wallClock } = this.context;
    tally.talking++;
    if (options.reconnectEveryMs > 0) this.breakAt = clock() + options.reconnectEveryMs;
    tally.controlMessages++;
    tally.bytes += this.connection.sendText(metadataMessage(this.identity.subscriptionId, options.sampleRate));
    if (this.tracks.length > 0) {
      this.state = 'talking';
      this.context.wheel.schedule(this, this.nextAt);
      return;
    }
    tally.opened++;
    const now = clock();
    const ahead = (this.phaseMs - now) % frameDurationMs;
    this.startAt = now + (ahead < 0 ? ahead + frameDurationMs : ahead);
    this.baseMs = Math.round(wallClock() + this.startAt - now);
    this.role = makeRole(this.context, this.number, this.startAt, () => this.heard);
    this.tracks = tracksOf(this.context, this.number, this.planned.frameCount, this.role);
    if (options.stallMs > 0) this.stall = new ReadingStall(this.context, () => this.connection);
    this.state = 'talking';
    this.step();
    this.context.wheel.schedule(this, this.nextAt);
  }

  private hear(data: Buffer, isBinary: boolean): void {
    if (this.heard === null) {
      this.heard = new HeardCall(this.context, this.identity, this.startAt, this.role, () => this.connection);
      if (this.state === 'closing') this.heard.hangUp();
    }
    this.heard.message(data, isBinary);
  }

  /** The network breaks off. ACS dials again for the same subscription, and what is due meanwhile leaves then. */
  private reconnect(): void {
    const { tally } = this.context;
    tally.talking--;
    tally.reconnections++;
    this.state = 'dialling';
    this.connection.terminate();
    this.connection = this.dial();
  }

  /** Moves on to what is sent next. False after the last. */
  private step(): boolean {
    this.participant++;
    if (this.participant === this.tracks.length) {
      this.participant = 0;
      this.frame++;
      if (this.frame === this.planned.frameCount) return false;
    }
    this.tracks[this.participant]!.plan.slot(this.frame, this.slot);
    const { options, begunAt } = this.context;
    const dueAt = this.startAt + this.frame * frameDurationMs + this.slot.delayMs;
    const leavesAt = begunAt + releasedMs(options, options.frameCount * frameDurationMs, dueAt - begunAt);
    // TCP keeps the order: nothing overtakes what was delayed before it.
    this.nextAt = Math.max(this.nextAt, leavesAt);
    return true;
  }

  override visit(): void {
    if (this.state === 'talking') this.talk();
    else if (this.state === 'flushing') this.flush();
    else if (this.state === 'closing') this.connection.terminate(); // at its deadline
  }

  /** Sends all that is due. */
  private talk(): void {
    const connection = this.connection;
    if (!connection.isOpen) {
      this.leave();
      return;
    }
    const { clock, wheel, patience } = this.context;
    const now = clock();
    if (now >= this.breakAt && connection.bufferedBytes === 0) {
      this.reconnect();
      return;
    }
    // Several messages at once are handed to the kernel together.
    const corked = this.tracks.length > 1 || now - this.nextAt >= frameDurationMs;
    if (corked) connection.cork();
    let more = true;
    while (more && this.nextAt <= now) {
      this.sendSlot(now);
      more = this.step();
    }
    if (corked) connection.uncork();
    if (more) wheel.schedule(this, this.nextAt);
    else {
      this.state = 'flushing';
      this.deadline = now + patience.flushGraceMs;
      this.flush();
    }
  }

  private sendSlot(now: number): void {
    const { tally, patience } = this.context;
    if (this.connection.bufferedBytes > patience.bufferedBytesMax) {
      tally.unsentFrames += this.slot.count;
      this.unsentFrames += this.slot.count;
      return;
    }
    this.tracks[this.participant]!.send(this.slot, this.frame, this.baseMs, this.connection);
    if (this.slot.count > 0) tally.lateness.record(now - this.nextAt, this.slot.count);
  }

  private flush(): void {
    const { clock, wheel } = this.context;
    if (!this.connection.isOpen) this.leave();
    else if (this.connection.bufferedBytes === 0) this.close('completed');
    else if (clock() < this.deadline) wheel.schedule(this, clock() + frameDurationMs);
    else {
      this.outcome = 'unflushed';
      this.connection.terminate();
    }
  }

  private close(outcome: CallOutcome): void {
    this.outcome = outcome;
    this.connection.close(1000);
    this.awaitClose();
  }

  /** The server has begun to close: its close event says the rest, unless it takes too long. */
  private leave(): void {
    this.outcome = 'ended_early';
    this.awaitClose();
  }

  private awaitClose(): void {
    this.state = 'closing';
    this.heard?.hangUp();
    this.stall?.end();
    this.context.wheel.schedule(this, this.context.clock() + this.context.patience.closeGraceMs);
  }

  /** Ends the call before its time. */
  interrupt(): void {
    if (this.state === 'dialling') {
      this.outcome = 'interrupted';
      this.connection.terminate();
    } else if (this.state === 'talking' || this.state === 'flushing') {
      if (this.connection.isOpen) this.close('interrupted');
      else this.leave();
    }
  }

  private closed(code: number): void {
    const { tally } = this.context;
    this.closeCode = code;
    countBy(tally.closes, code);
    tally.talking--;
    const unanswered = this.outcome === 'completed' && code === 1006;
    this.end(unanswered ? 'unanswered' : (this.outcome ?? 'ended_early'));
  }

  private end(outcome: CallOutcome): void {
    this.outcome = outcome;
    this.state = 'ended';
    this.context.wheel.cancel(this);
    this.stall?.end();
    this.heard?.end();
    this.context.tally.outcomes[outcome]++;
    this.onEnd(this);
  }
}
