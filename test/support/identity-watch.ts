/**
 * The accounting identity of a running gateway, at any moment: no message is in no counter, no frame of a sink is neither read nor lapped
 * nor still in its ring, and no counter ever goes back.
 */
import { ringSlotCount } from '../../src/memory/sizes.ts';
import type { GatewayProcess } from './gateway-process.ts';

type Metrics = ReadonlyMap<string, number>;

export interface WatchOptions {
  /** Rings at a time, at most. */
  readonly rings: number;
  readonly ringSeconds?: number;
}

/** A thread that stands still is found out after less than half a second; what it did not read by then is not lapped yet. */
const noticedFrames = 25;
/** Counters of one scrape are read one after the other, while frames come: at least so many of each ring, and more if it takes long. */
const framesMeanwhile = 5;

export class IdentityWatch {
  /** What was wrong, each only once. */
  readonly problems = new Set<string>();
  looks = 0;
  private readonly gateway: GatewayProcess;
  private readonly waitingMax: number;
  private readonly meanwhile: number;
  private last: Metrics = new Map();
  private lastMs = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(gateway: GatewayProcess, { rings, ringSeconds = 2 }: WatchOptions) {
    this.gateway = gateway;
    this.meanwhile = framesMeanwhile * rings;
    this.waitingMax = rings * (ringSlotCount(ringSeconds) + noticedFrames);
  }

  /** Looks once a second, until it is stopped. A gateway that does not answer is looked at later. */
  start(): void {
    let isLooking = false;
    this.timer = setInterval(async () => {
      // Two at a time may be answered in the wrong order.
      if (isLooking) return;
      isLooking = true;
      await this.look().catch(() => {});
      isLooking = false;
    }, 1000);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  async look(): Promise<Metrics> {
    const startMs = performance.now();
    const metrics = await this.gateway.metrics();
    const nowMs = performance.now();
    for (const [name, value] of metrics) {
      const before = this.last.get(name) ?? 0;
      if (/_total(\{|$)/.test(name) && value < before)
        this.problems.add(`${name} went back from ${before} to ${value}`);
    }
    for (const [name, value] of metrics) {
      if (/^(messages_unaccounted|sink_frames_unaccounted)(\{|$)/.test(name) && value !== 0) {
        this.problems.add(`${name} is ${value}`);
      }
    }
    const published = metrics.get('frames_committed_total')!;
    const perMs = (published - (this.last.get('frames_committed_total') ?? 0)) / (nowMs - this.lastMs);
    // Twice, because they do not come evenly: least of all to a process that has just waited for its turn.
    this.lookAtSinks(metrics, Math.max(this.meanwhile, 2 * perMs * (nowMs - startMs)));
    this.last = metrics;
    this.lastMs = nowMs;
    this.looks++;
    return metrics;
  }

  private lookAtSinks(metrics: Metrics, meanwhile: number): void {
    const published = metrics.get('frames_committed_total')!;
    for (const [name, read] of metrics) {
      const sink = /^sink_frames_total(.*)/.exec(name)?.[1];
      if (sink === undefined) continue;
      const waiting = published - read - metrics.get(`sink_lapped_frames_total${sink}`)!;
      if (waiting < -meanwhile || waiting > this.waitingMax + meanwhile) {
        this.problems.add(`${waiting} of ${published} frames are neither read nor lapped by ${sink}`);
      }
    }
  }
}
