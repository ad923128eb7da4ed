/**
 * How long this thread has been awake, for all code that judges peers and threads by time. A process that stood still (SIGSTOP, a paused
 * virtual machine) must not take its own silence for its peers': what they sent meanwhile waits in the sockets. Each thread
 * has one clock, as it has one `performance`. Invariant: no more time counts than has passed; until it is started, all of it.
 */
import { pulse } from './pulse.ts';

const tickMs = 50;
/** A thread that did not turn for so long stood still. */
const standstillMs = 250;
/** How long it then has to hear what came meanwhile. */
const hearMs = 500;
/** Older ones count as awake: a peer had as many chances to be heard since. */
const standstillsMax = 100;

interface Standstill {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What ends a wait early. */
export interface AwakeTimer {
  cancel(): void;
}

export class AwakeClock {
  private readonly clock: () => number;
  private readonly standstills: Standstill[] = [];
  private stopTurning: (() => void) | null = null;
  private users = 0;
  private turnedMs = 0;

  constructor(clock: () => number = () => performance.now()) {
    this.clock = clock;
  }

  /** Once for each user; does not keep the thread alive. */
  start(): void {
    if (this.users++ > 0) return;
    this.turnedMs = this.clock();
    this.stopTurning = pulse.every(tickMs, () => this.turned(this.clock()));
  }

  stop(): void {
    if (this.stopTurning === null || --this.users > 0) return;
    this.stopTurning();
    this.stopTurning = null;
  }

  /** Milliseconds awake since a time of `performance.now()`. */
  since(ms: number): number {
    const nowMs = this.clock();
    // A timer that is due may come before our own.
    if (this.stopTurning !== null) this.turned(nowMs);
    let awakeMs = nowMs - ms;
    for (const { fromMs, toMs } of this.standstills) {
      awakeMs -= Math.max(0, Math.min(toMs, nowMs) - Math.max(fromMs, ms));
    }
    return awakeMs;
  }

  /** Like `setTimeout`, but waits for so much time awake. */
  after(ms: number, then: () => void): AwakeTimer {
    const startMs = this.clock();
    let timeout: NodeJS.Timeout;
    const wait = (leftMs: number) => {
      timeout = setTimeout(() => {
        const stillMs = ms - this.since(startMs);
        if (stillMs > 0) wait(stillMs);
        else then();
      }, leftMs);
    };
    wait(ms);
    return { cancel: () => clearTimeout(timeout) };
  }

  private turned(nowMs: number): void {
    if (nowMs - this.turnedMs > standstillMs) {
      const fromMs = Math.max(this.turnedMs, this.standstills.at(-1)?.toMs ?? 0);
      this.standstills.push({ fromMs, toMs: nowMs + hearMs });
      if (this.standstills.length > standstillsMax) this.standstills.shift();
    }
    this.turnedMs = nowMs;
  }
}

/** The clock of this thread. */
export const awakeClock = new AwakeClock();
