/**
 * Streams that had audio and have none now: seen while it lasts, and when it is over, for how long and whether the audio came after all, as
 * after a stall of the network. A process that was stopped itself reports no stall. Main thread.
 */
import { awakeClock } from '../base/awake-clock.ts';
import { frameDurationMs, stallWatch } from '../base/limits.ts';
import { pulse } from '../base/pulse.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { ringKey } from '../ring/cursor.ts';
import { type Labels, labelled } from '../ring/track.ts';
import type { StreamRegistry } from './registry.ts';
import { describeRing } from './ring-report.ts';
import type { Stream } from './stream.ts';

/** `caught_up`: the audio of that time came afterwards. `lost`: it did not, or all were silent. `ended`: so did the stream. */
export const stallOutcomes = ['caught_up', 'lost', 'ended'] as const;
/** What became of a stall. */
export type StallOutcome = (typeof stallOutcomes)[number];

/** A stream from which no audio comes. */
export interface Stall {
  /** `StreamInfo.id`. */
  readonly streamId: string;
  /** As in `StreamInfo`. */
  readonly callConnectionId: string | null;
  /** As in `StreamInfo`. */
  readonly labels?: Labels;
  /** When its last audio came. */
  readonly since: Date;
}

/** One that is over. */
export interface EndedStall extends Stall {
  /** From the last audio to the next, or to the end of the stream. */
  readonly durationMs: number;
  /** How much of that time came afterwards, of the participant of whom most did. */
  readonly caughtUpMs: number;
  /** What became of its audio. */
  readonly outcome: StallOutcome;
}

/** Who is notified. */
export interface StallObserver {
  stalled(stall: Stall): void;
  stallEnded(stall: EndedStall): void;
}

export interface StallWatchOptions {
  readonly memory: SharedMemory;
  readonly registry: StreamRegistry;
  /** Without audio for so long a stream stalls. */
  readonly afterMs: number;
  readonly observers: StallObserver;
}

interface Seen {
  readonly lastAudioMs: number;
  /** Frames that each ring had then. */
  readonly frames: ReadonlyMap<string, number>;
  /** When audio came again, and until when that is watched; 0 while it does not. */
  backMs: number;
  settledMs: number;
}

export class StallWatch {
  readonly totals: Record<StallOutcome, number> = { caught_up: 0, lost: 0, ended: 0 };
  private readonly options: StallWatchOptions;
  private readonly seen = new Map<Stream, Seen>();
  private stopLooking: (() => void) | null = null;

  constructor(options: StallWatchOptions) {
    this.options = options;
  }

  start(): void {
    this.stopLooking = pulse.every(stallWatch.lookMs, (nowMs) => this.look(nowMs));
  }

  stop(): void {
    this.stopLooking?.();
    this.stopLooking = null;
  }

  /** Streams that stall at this moment. */
  get count(): number {
    let count = 0;
    for (const { backMs } of this.seen.values()) if (backMs === 0) count++;
    return count;
  }

  look(nowMs: number): void {
    const { registry, afterMs } = this.options;
    for (const [stream, seen] of this.seen) this.follow(stream, seen, nowMs);
    for (const stream of registry.connected()) {
      if (this.seen.has(stream)) continue;
      const lastAudioMs = registry.lastAudioMs(stream);
      // What a stream has had since another socket came, it had of this one.
      if (lastAudioMs === 0 || nowMs - lastAudioMs <= afterMs || nowMs - stream.socketMs <= afterMs) continue;
      if (awakeClock.since(Math.max(lastAudioMs, stream.socketMs)) <= afterMs) continue;
      this.seen.set(stream, { lastAudioMs, frames: this.framesOf(stream), backMs: 0, settledMs: 0 });
      stream.isStalled = true;
      this.options.observers.stalled(stallOf(stream, lastAudioMs));
    }
  }

  private follow(stream: Stream, seen: Seen, nowMs: number): void {
    const lastAudioMs = stream.phase === 'released' ? seen.lastAudioMs : this.options.registry.lastAudioMs(stream);
    if (seen.backMs === 0 && lastAudioMs > seen.lastAudioMs) {
      seen.backMs = Math.min(lastAudioMs, nowMs);
      seen.settledMs = nowMs + stallWatch.settleMs;
      stream.isStalled = false;
    }
    if (stream.phase !== 'open') this.end(stream, seen, nowMs);
    else if (seen.backMs > 0 && nowMs >= seen.settledMs) this.end(stream, seen, nowMs);
  }

  private end(stream: Stream, seen: Seen, nowMs: number): void {
    this.seen.delete(stream);
    stream.isStalled = false;
    const isBack = seen.backMs > 0;
    const durationMs = Math.round((isBack ? seen.backMs : nowMs) - seen.lastAudioMs);
    const caughtUpMs = isBack ? Math.min(durationMs, this.caughtUp(stream, seen, nowMs)) : 0;
    const outcome = !isBack ? 'ended' : caughtUpMs > durationMs / 2 ? 'caught_up' : 'lost';
    this.totals[outcome]++;
    stream.stalls++;
    stream.stalledMs += durationMs;
    this.options.observers.stallEnded({ ...stallOf(stream, seen.lastAudioMs), durationMs, caughtUpMs, outcome });
  }

  /** How much more than what is live has come since the stall, ms. */
  private caughtUp(stream: Stream, { frames, backMs }: Seen, nowMs: number): number {
    if (stream.phase === 'released') return 0;
    let most = 0;
    for (const [key, now] of this.framesOf(stream)) {
      most = Math.max(most, (now - (frames.get(key) ?? now)) * frameDurationMs - (nowMs - backMs));
    }
    return Math.round(Math.max(0, most));
  }

  /** Frames of each ring. */
  private framesOf({ rings }: Stream): Map<string, number> {
    const { memory } = this.options;
    return new Map(rings.map((handle) => [ringKey(handle), describeRing(memory, handle.index).frames]));
  }
}

function stallOf({ id, facts }: Stream, lastAudioMs: number): Stall {
  const since = new Date(performance.timeOrigin + lastAudioMs);
  return { streamId: id, callConnectionId: facts.callConnectionId, ...labelled(facts), since };
}
