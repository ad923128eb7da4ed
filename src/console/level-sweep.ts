/**
 * How loud each call is, for pages that sort by it. To read all rings at once would take a core from the streams for longer than a frame lasts, so
 * a few are read at a time, round and round, while such a page is open. Console thread.
 */
import { consoleLimits } from '../base/console-limits.ts';
import { threadTimeMs } from '../thread/thread-time.ts';
import type { KnownStream, KnownStreams } from './known-streams.ts';

/** A round of all takes so long, in steps of so much; with more than its share of a core to do it takes longer. */
const roundMs = 500;
const stepMs = 10;
const unwantedMs = 2_000;

export class LevelSweep {
  private readonly known: KnownStreams;
  private readonly usedMs: () => number;
  private round: Iterator<KnownStream>;
  private timer: NodeJS.Timeout | null = null;
  private startedMs = 0;
  private wantedMs = 0;

  /** @param usedMs time of the processor that this thread has used, ms */
  constructor(known: KnownStreams, usedMs = threadTimeMs) {
    this.known = known;
    this.usedMs = usedMs;
    this.round = known.byId.values();
  }

  /** As of the last round; a call that it has not come to is read now. @returns dBFS */
  level(stream: KnownStream, nowMs: number): number {
    this.wantedMs = nowMs;
    if (this.timer === null) {
      this.startedMs = nowMs;
      this.timer = setTimeout(() => this.step(), stepMs);
    }
    return stream.levelReadMs >= this.startedMs ? stream.levelDb : this.known.level(stream, nowMs);
  }

  private step(): void {
    const nowMs = performance.now();
    this.timer = null;
    if (nowMs - this.wantedMs > unwantedMs) return;
    const beganMs = this.usedMs();
    for (let left = Math.ceil((this.known.byId.size * stepMs) / roundMs); left > 0; left--) {
      const next = this.round.next();
      if (next.done === true) {
        this.round = this.known.byId.values();
        break;
      }
      this.known.level(next.value, nowMs);
    }
    const restMs = (this.usedMs() - beganMs) / consoleLimits.sweepShare;
    this.timer = setTimeout(() => this.step(), Math.max(stepMs, restMs));
  }
}
