/** The live page, if it is wanted: nothing of it is loaded otherwise. Main thread. */
import { TimeBudget } from '../admin/time-budget.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/serve-settings.ts';
import type { Console } from '../console/console.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { sumLanes } from '../stream/accounting.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import type { Totals } from '../stream/totals.ts';
import type { ThreadMetrics } from '../thread/thread-metrics.ts';
import { threadTimeMs } from '../thread/thread-time.ts';
import type { Consumers } from './consumers.ts';
import type { PlaybackHost } from './playback-host.ts';

export interface ConsoleParts {
  readonly config: Config;
  readonly log: Log;
  readonly memory: SharedMemory;
  readonly registry: StreamRegistry;
  readonly totals: Totals;
  readonly consumers: Consumers;
  readonly playback: PlaybackHost;
  /** The main thread's. */
  readonly threadMetrics: ThreadMetrics;
}

export async function createConsole(parts: ConsoleParts): Promise<Console | null> {
  const { config, log, memory, registry, threadMetrics } = parts;
  if (!config.console) return null;
  const { Console } = await import('../console/console.ts');
  return new Console({
    memory,
    registry,
    log,
    mainMetrics: threadMetrics.f64.buffer as SharedArrayBuffer,
    adminToken: config.adminToken,
    mayListen: config.consoleAudio,
    threadTimeoutMs: config.threadTimeoutMs,
    // Of its own: who guesses tokens keeps no scrape waiting.
    loginBudget: new TimeBudget(() => performance.now(), threadTimeMs),
    totals: () => totalsOf(parts),
  });
}

function totalsOf({ memory, totals, consumers, playback }: ConsoleParts) {
  const { pacer } = playback;
  // Before the frames that there are: no sink has read more.
  const read = consumers.sinks.map(({ name, isReady, frames, lappedFrames }) => ({
    name,
    isReady,
    frames,
    lappedFrames,
  }));
  const published = sumLanes(memory, (lane) => lane.frames) + pacer.totals.sent - pacer.totals.unrecorded;
  return {
    dropped: { lane_full: totals.messagesLaneFull, rate_limit: totals.messagesRateLimited },
    speakingStreams: pacer.speaking,
    sinks: read.map(({ frames, ...sink }) => {
      return { ...sink, unreadFrames: Math.max(0, published - frames - sink.lappedFrames) };
    }),
  };
}
