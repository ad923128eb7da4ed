/** The numbers above all rows, from what workers count in shared memory and what the main thread says. Console thread. */
import { frameDurationMs } from '../base/limits.ts';
import { dropReasons } from '../memory/outcomes.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { ThreadMetrics } from '../thread/thread-metrics.ts';
import { type KnownStreams, tenth } from './known-streams.ts';
import type { MainTotals } from './messages.ts';
import { WindowQuantile } from './window-quantile.ts';
import type { Totals } from './wire.ts';

/** Frames per second are those of the last second or so. */
const rateMs = 1_000;

export class ConsoleTotals {
  /** As the main thread said last. */
  main: MainTotals = { dropped: {}, speakingStreams: 0, listeners: 0, sinks: [] };
  private readonly memory: SharedMemory;
  private readonly known: KnownStreams;
  private readonly residence: WindowQuantile;
  private readonly mainDelay: WindowQuantile;
  /** How many frames there were, and when, some times in the last second. */
  private readonly frames: { readonly atMs: number; readonly count: number }[] = [];

  constructor(memory: SharedMemory, known: KnownStreams, mainMetrics: ThreadMetrics) {
    this.memory = memory;
    this.known = known;
    this.residence = new WindowQuantile(memory.lanes.map((lane) => lane.histogram('residence')));
    this.mainDelay = new WindowQuantile([mainMetrics.delay]);
  }

  read(nowMs: number): Totals {
    const { main, memory } = this;
    const count = memory.lanes.reduce((sum, lane) => sum + lane.frames, 0);
    let participants = 0;
    for (const { tracks } of this.known.byId.values()) participants += tracks.length;
    return {
      atMs: Math.round(performance.timeOrigin + nowMs),
      streams: this.known.byId.size,
      participants,
      framesPerSecond: this.rate(count, nowMs),
      dropped: this.dropped(),
      residenceP99Ms: roundedOrNull(this.residence.quantile(0.99, nowMs)),
      eventLoopDelayP99Ms: roundedOrNull(this.mainDelay.quantile(0.99, nowMs)),
      speakingStreams: main.speakingStreams,
      listeners: main.listeners,
      sinks: main.sinks,
    };
  }

  private rate(count: number, nowMs: number): number {
    const { frames } = this;
    frames.push({ atMs: nowMs, count });
    while (frames.length > 2 && frames[1]!.atMs <= nowMs - rateMs) frames.shift();
    const [oldest] = frames;
    const elapsedMs = nowMs - oldest!.atMs;
    return elapsedMs < frameDurationMs ? 0 : Math.round(((count - oldest!.count) * 1000) / elapsedMs);
  }

  private dropped(): Record<string, number> {
    const dropped: Record<string, number> = {};
    for (const reason of dropReasons) {
      const inLanes = this.memory.lanes.reduce((sum, lane) => sum + lane.dropped(reason), 0);
      const count = inLanes + (this.main.dropped[reason] ?? 0);
      if (count > 0) dropped[reason] = count;
    }
    return dropped;
  }
}

function roundedOrNull(value: number | null): number | null {
  return value === null ? null : tenth(value);
}
