/**
 * One call, from dialling to its close. Main thread. Frame n of every participant leaves at start + n x 20 ms plus its
 * jitter; what is overdue leaves at once. Invariants: within a call messages leave in the order of their slots, as TCP keeps
 * them; a call ends in exactly one outcome, and never lasts longer than its plan plus the bounded waits at its end.
 */
import { frameDurationMs } from '../base/limits.ts';
import type { PlannedCall } from './churn.ts';
import { Connection } from './connection.ts';
import { type CallIdentity, callIdentity } from './identity.ts';
import { metadataMessage, type TimestampWriter } from './message.ts';
import type { RunOptions } from './options.ts';
import { emptySlot } from './plan.ts';
import { releasedMs } from './stall.ts';
import { type CallOutcome, countBy, type Tally } from './tally.ts';
import { streamCount } from './timeline.ts';
import { Track } from './track.ts';
import { type TimerWheel, WheelItem } from './wheel.ts';

export interface CallContext {
  readonly options: RunOptions;
  readonly wheel: TimerWheel;
  /** Milliseconds that never go back, and those since 1970. */
  readonly clock: () => number;
  readonly wallClock: () => number;
  /** When the run began, on the clock. */
  readonly begunAt: number;
  readonly tally: Tally;
  readonly timestamps: TimestampWriter;
  readonly patience: Patience;
}

/** What a server that is slow or dead is granted. */
export interface Patience {
  /** Frames of a call are skipped while more than this waits for its server. */
  readonly bufferedBytesMax: number;
  /** To take what is left when the last frame was due. */
  readonly flushGraceMs: number;
  /** To answer our close, or to finish its own. */
  readonly closeGraceMs: number;
}

export class Call extends WheelItem {
  readonly number: number;
  readonly identity: CallIdentity;
  outcome: CallOutcome | null = null;
  closeCode: number | null = null;
  unsentFrames = 0;
  tracks: readonly Track[] = [];
  readonly #context: CallContext;
  readonly #planned: PlannedCall;
  readonly #phaseMs: number;
  readonly #onEnd: (call: Call) => void;
  readonly #connection: Connection;
  readonly #slot = emptySlot();
  #state: 'dialling' | 'talking' | 'flushing' | 'closing' | 'ended' = 'dialling';
  #startAt = 0;
  #baseMs = 0;
  #frame = 0;
  #participant = -1;
  #nextAt = 0;
  #deadline = 0;

  /** Dials at once. `phaseMs`: when its frames are due within the 20 ms. `onEnd` is called once, when everything is over. */
  constructor(planned: PlannedCall, phaseMs: number, context: CallContext, onEnd: (call: Call) => void) {
    super();
    const { options, tally } = context;
    this.number = planned.call;
    this.identity = callIdentity(options.seed, planned.call);
    this.#planned = planned;
    this.#phaseMs = phaseMs;
    this.#context = context;
    this.#onEnd = onEnd;
    tally.dialled++;
    const headers = {
      ...options.headers,
      'x-ms-call-connection-id': this.identity.callConnectionId,
      'x-ms-call-correlation-id': this.identity.correlationId,
    };
    this.#connection = new Connection(
      { url: options.url, headers, insecure: options.insecure },
      {
        open: () => this.#opened(),
        refused: (status) => {
          countBy(tally.refused, status);
          this.#end('refused');
        },
        failed: (reason) => {
          if (this.outcome === null) countBy(tally.failed, reason);
          this.#end(this.outcome ?? 'failed');
        },
        closed: (code) => this.#closed(code),
        message: (byteCount) => {
          tally.receivedMessages++;
          tally.receivedBytes += byteCount;
        },
      },
    );
  }

  #opened(): void {
    const { options, tally, clock, wallClock, timestamps } = this.#context;
    tally.opened++;
    tally.talking++;
    const metadata = Buffer.from(metadataMessage(this.identity.subscriptionId, options.sampleRate));
    this.#connection.send(metadata);
    tally.controlMessages++;
    tally.bytes += metadata.length;
    this.tracks = Array.from(
      { length: streamCount(options) },
      (_, participant) =>
        new Track(options, this.number, participant, this.#planned.frameCount, timestamps, tally, clock),
    );
    const now = clock();
    const ahead = (this.#phaseMs - now) % frameDurationMs;
    this.#startAt = now + (ahead < 0 ? ahead + frameDurationMs : ahead);
    this.#baseMs = Math.round(wallClock() + this.#startAt - now);
    this.#state = 'talking';
    this.#step();
    this.#context.wheel.schedule(this, this.#nextAt);
  }

  /** Moves on to what is sent next. False after the last. */
  #step(): boolean {
    this.#participant++;
    if (this.#participant === this.tracks.length) {
      this.#participant = 0;
      this.#frame++;
      if (this.#frame === this.#planned.frameCount) return false;
    }
    this.tracks[this.#participant]!.plan.slot(this.#frame, this.#slot);
    const { options, begunAt } = this.#context;
    const dueAt = this.#startAt + this.#frame * frameDurationMs + this.#slot.delayMs;
    const leavesAt = begunAt + releasedMs(options, options.frameCount * frameDurationMs, dueAt - begunAt);
    // TCP keeps the order: nothing overtakes what was delayed before it.
    this.#nextAt = Math.max(this.#nextAt, leavesAt);
    return true;
  }

  override visit(): void {
    if (this.#state === 'talking') this.#talk();
    else if (this.#state === 'flushing') this.#flush();
    // Nothing but a deadline is waited for while closing.
    else if (this.#state === 'closing') this.#connection.terminate();
  }

  /** Sends all that is due. */
  #talk(): void {
    const connection = this.#connection;
    if (!connection.isOpen) {
      this.#leave();
      return;
    }
    const { clock, wheel, patience } = this.#context;
    const now = clock();
    // Several messages at once are handed to the kernel together.
    const corked = this.tracks.length > 1 || now - this.#nextAt >= frameDurationMs;
    if (corked) connection.cork();
    let more = true;
    while (more && this.#nextAt <= now) {
      this.#sendSlot(now);
      more = this.#step();
    }
    if (corked) connection.uncork();
    if (more) wheel.schedule(this, this.#nextAt);
    else {
      this.#state = 'flushing';
      this.#deadline = now + patience.flushGraceMs;
      this.#flush();
    }
  }

  #sendSlot(now: number): void {
    const { tally, patience } = this.#context;
    if (this.#connection.bufferedBytes > patience.bufferedBytesMax) {
      tally.unsentFrames += this.#slot.count;
      this.unsentFrames += this.#slot.count;
      return;
    }
    this.tracks[this.#participant]!.send(this.#slot, this.#frame, this.#baseMs, this.#connection);
    if (this.#slot.count > 0) tally.lateness.record(now - this.#nextAt, this.#slot.count);
  }

  #flush(): void {
    const { clock, wheel } = this.#context;
    if (!this.#connection.isOpen) this.#leave();
    else if (this.#connection.bufferedBytes === 0) this.#close('completed');
    else if (clock() < this.#deadline) wheel.schedule(this, clock() + frameDurationMs);
    else {
      this.outcome = 'unflushed';
      this.#connection.terminate();
    }
  }

  #close(outcome: CallOutcome): void {
    this.outcome = outcome;
    this.#connection.close(1000);
    this.#awaitClose();
  }

  /** The server has begun to close: its close event says the rest, unless it takes too long. */
  #leave(): void {
    this.outcome = 'ended_early';
    this.#awaitClose();
  }

  #awaitClose(): void {
    this.#state = 'closing';
    const { wheel, clock, patience } = this.#context;
    wheel.schedule(this, clock() + patience.closeGraceMs);
  }

  /** Ends the call before its time. */
  interrupt(): void {
    if (this.#state === 'dialling') {
      this.outcome = 'interrupted';
      this.#connection.terminate();
    } else if (this.#state === 'talking' || this.#state === 'flushing') {
      if (this.#connection.isOpen) this.#close('interrupted');
      else this.#leave();
    }
  }

  #closed(code: number): void {
    const { tally } = this.#context;
    this.closeCode = code;
    countBy(tally.closes, code);
    tally.talking--;
    const unanswered = this.outcome === 'completed' && code === 1006;
    this.#end(unanswered ? 'unanswered' : (this.outcome ?? 'ended_early'));
  }

  #end(outcome: CallOutcome): void {
    this.outcome = outcome;
    this.#state = 'ended';
    this.#context.wheel.cancel(this);
    this.#context.tally.outcomes[outcome]++;
    this.#onEnd(this);
  }
}
