/**
 * One socket of a capture, played: dialled as it was, its messages in order, closed by the side that closed it. Main thread.
 * Invariant: ends in exactly one outcome, `onEnd` is called once, and nothing waits longer than the bounds below.
 */
import type { Ending } from '../capture/format.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { type CallOutcome, countBy, type Tally } from './tally.ts';

/** What a server may take: to read what is left, to close by itself as in the capture, to answer our close. */
const flushGraceMs = 10_000;
const closeGraceMs = 5000;
const pollMs = 5;
/** At the highest speed a server that is full is asked again: it is to be played as fast as it takes it, not faster. */
const askAgainMs = 100;
const fullMsMax = 10_000;
const serviceUnavailable = 503;
/** What the gateway closed by itself, and does again if it is given the same. */
const repeated = new Set(['idle', 'metadata_timeout', 'superseded', 'duplicate', 'too_big']);

interface Held {
  readonly body: Buffer;
  readonly isBinary: boolean;
  readonly dueMs: number;
}

export interface ReplayTally {
  readonly tally: Tally;
  messages: number;
  binaryMessages: number;
  unsentMessages: number;
  /** Sockets that the server closed with another code than the one that closed in the capture. */
  closedDifferently: number;
  /** Whether lateness is a thing: not at the highest speed. */
  readonly isPaced: boolean;
}

export class ReplaySocket {
  outcome: CallOutcome | null = null;
  readonly ended: Promise<void>;
  private readonly counts: ReplayTally;
  private readonly settle: () => void;
  private connection: Connection | null = null;
  private state: 'waiting' | 'open' | 'closing' | 'ended' = 'waiting';
  private held: Held[] = [];
  private heldMessageBytes = 0;
  private ending: Ending | null = null;
  private unsent = 0;
  /** With which the server closed before the capture says so. */
  private serverCode: number | null = null;
  private deadlineMs = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(counts: ReplayTally) {
    this.counts = counts;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.settle = resolve;
  }

  dial(options: ConnectionOptions): void {
    if (this.state === 'ended') return;
    this.counts.tally.dialled++;
    this.deadlineMs = performance.now() + fullMsMax;
    this.connect(options);
  }

  private connect(options: ConnectionOptions): void {
    try {
      this.connection = this.connectionTo(options);
    } catch (error) {
      // A header that no request may have: the capture did not get it from one.
      countBy(this.counts.tally.failed, (error as Error).message);
      this.end('failed');
    }
  }

  private connectionTo(options: ConnectionOptions): Connection {
    const { tally, isPaced } = this.counts;
    return new Connection(options, {
      open: () => this.opened(),
      refused: (status) => {
        if (status === serviceUnavailable && !isPaced && this.outcome === null && performance.now() < this.deadlineMs) {
          this.connection = null;
          this.await(askAgainMs, () => this.connect(options));
          return;
        }
        countBy(tally.refused, status);
        this.end(this.outcome ?? 'refused');
      },
      failed: (reason) => {
        if (this.outcome === null) countBy(tally.failed, reason);
        this.end(this.outcome ?? 'failed');
      },
      closed: (code) => this.closed(code),
      message: ({ length }) => {
        tally.receivedMessages++;
        tally.receivedBytes += length;
      },
    });
  }

  /** What it holds back: not dialled yet, or a server that does not read. */
  get heldBytes(): number {
    if (this.state === 'ended') return 0;
    return this.heldMessageBytes + (this.connection?.bufferedBytes ?? 0);
  }

  /** `dueMs` is a time of `performance.now()`. */
  message(body: Buffer, isBinary: boolean, dueMs: number): void {
    if (this.state === 'open' && this.connection!.isOpen) this.send(body, isBinary, dueMs);
    else if (this.state === 'waiting') {
      this.held.push({ body, isBinary, dueMs });
      this.heldMessageBytes += body.length;
    } else this.leave(1);
  }

  /** No message follows. */
  finish(ending: Ending): void {
    if (this.ending !== null) return;
    this.ending = ending;
    if (this.serverCode !== null) this.closedByServer(this.serverCode, ending);
    else if (this.state === 'open') this.close(ending);
  }

  interrupt(): void {
    if (this.state === 'ended') return;
    this.outcome ??= 'interrupted';
    if (this.connection === null) this.end('interrupted');
    else if (this.state === 'waiting') this.connection.terminate();
    else if (this.state === 'open') this.closeWith(1000);
  }

  /** The server does not read. */
  giveUp(): void {
    if (this.state === 'ended') return;
    this.outcome = 'unflushed';
    if (this.connection === null) this.end('unflushed');
    else this.connection.terminate();
  }

  private leave(count: number): void {
    this.unsent += count;
    this.counts.unsentMessages += count;
  }

  private opened(): void {
    const { tally } = this.counts;
    tally.opened++;
    tally.talking++;
    this.state = 'open';
    for (const { body, isBinary, dueMs } of this.held) this.send(body, isBinary, dueMs);
    this.held = [];
    this.heldMessageBytes = 0;
    if (this.outcome === 'interrupted') this.closeWith(1000);
    else if (this.ending !== null) this.close(this.ending);
  }

  private send(body: Buffer, isBinary: boolean, dueMs: number): void {
    const { counts } = this;
    this.connection!.send(body, isBinary);
    counts.messages++;
    if (isBinary) counts.binaryMessages++;
    counts.tally.bytes += body.length;
    if (counts.isPaced) counts.tally.lateness.record(Math.max(0, performance.now() - dueMs), 1);
  }

  private close({ code, cause }: Ending): void {
    if (!this.connection!.isOpen) {
      // The server has begun to close; its event says the rest.
      this.await(closeGraceMs, () => this.connection!.terminate());
    } else if (cause === 'peer') this.closeWith(code);
    else if (repeated.has(cause) && code !== 1006) {
      this.state = 'closing';
      this.await(closeGraceMs, () => {
        this.counts.closedDifferently++;
        this.closeWith(1000);
      });
    } else this.closeWith(1000);
  }

  private closeWith(code: number): void {
    this.state = 'closing';
    this.outcome ??= 'completed';
    this.deadlineMs = performance.now() + flushGraceMs;
    this.flush(() => {
      if (isSendable(code)) this.connection!.close(code);
      else if (code === 1005) this.connection!.close();
      else this.connection!.terminate();
      this.await(closeGraceMs, () => this.connection!.terminate());
    });
  }

  /** A connection that is cut takes with it what was not handed over. */
  private flush(then: () => void): void {
    if (this.state === 'ended') return;
    if (this.connection!.bufferedBytes === 0) then();
    else if (performance.now() > this.deadlineMs) this.giveUp();
    else this.await(pollMs, () => this.flush(then));
  }

  private await(ms: number, then: () => void): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(then, ms);
  }

  private closed(code: number): void {
    const { tally } = this.counts;
    countBy(tally.closes, code);
    tally.talking--;
    if (this.outcome !== null) {
      const isUnanswered = this.outcome === 'completed' && code === 1006 && isSendable(this.ending?.code ?? 1000);
      this.end(isUnanswered ? 'unanswered' : this.outcome);
      return;
    }
    // By the server. It may be a little earlier than it was in the capture: then its end is still to come.
    const { ending } = this;
    if (ending !== null) this.closedByServer(code, ending);
    else {
      this.state = 'closing';
      this.serverCode = code;
    }
  }

  private closedByServer(code: number, ending: Ending): void {
    if (ending.code !== code) this.counts.closedDifferently++;
    this.end(ending.cause !== 'peer' && this.unsent === 0 ? 'completed' : 'ended_early');
  }

  private end(outcome: CallOutcome): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    if (this.timer !== null) clearTimeout(this.timer);
    this.leave(this.held.length);
    this.held = [];
    this.heldMessageBytes = 0;
    this.outcome = outcome;
    this.counts.tally.outcomes[outcome]++;
    this.settle();
  }
}

/** Whether a close frame may hold it (RFC 6455 section 7.4). */
function isSendable(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
}
