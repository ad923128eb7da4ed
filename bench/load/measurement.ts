/** One measurement: a fresh server, a fresh generator, a load, a window, and the check that nothing got lost. */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { GeneratorProcess } from './generator-process.ts';
import { type Buckets, between } from './histogram.ts';
import { mismatches } from './mismatch.ts';
import type { GeneratorReport, Plan } from './plan.ts';
import { type ProcessStats, readProcessStats, type Usage } from './process-stats.ts';
import type { Server, ServerCounts, ServerKind, ServerOptions } from './server.ts';

export interface Load {
  readonly streams: number;
  readonly framesPerSecond: number;
  /** Of each stream; 0: mixed audio. */
  readonly participants: number;
  readonly sampleRate: number;
  /** That the generator offers where there is TLS, the preferred one first. */
  readonly suites?: string;
  /** Between two frames that are both due, at least. */
  readonly gapMs?: number;
}

export interface Timing {
  readonly warmUpSeconds: number;
  readonly windowSeconds: number;
}

export interface Measurement {
  readonly load: Load;
  /** That server and generator share. */
  readonly cores: number;
  /** Of the window, for which everything below holds unless it says otherwise. */
  readonly seconds: number;
  readonly frames: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly mainThreadUs: number;
  readonly hasProxy: boolean;
  /** Of a proxy in front of the server; 0 without one. */
  readonly proxyUserUs: number;
  readonly proxySystemUs: number;
  readonly residence: Buckets;
  /** Since the window began, to the end of the run. */
  readonly dropped: number;
  /** In the warm-up: the load starts at once, and finds code that was never run. */
  readonly droppedBefore: number;
  /** Of the whole run, by reason, when the server tells it. */
  readonly droppedBy: Readonly<Record<string, number>>;
  /** At the end of the window, and by how much more than at its beginning. */
  readonly rssBytes: number;
  readonly rssGrowthBytes: number;
  readonly gcMs: number;
  readonly gcPauseMaxMs: number;
  readonly generator: GeneratorReport['sinceMark'];
  /** Of TLS; null in the clear. */
  readonly suite: string | null;
  /** Why what came out is not what went in. Empty: it is. */
  readonly mismatches: readonly string[];
}

interface Snapshot {
  readonly counts: ServerCounts;
  readonly stats: ProcessStats;
  readonly proxy: Pick<Usage, 'userUs' | 'systemUs'>;
}

const noUsage = { userUs: 0, systemUs: 0 } as const;
const settleDeadlineMs = 60_000;
/** A server that has counted nothing new for so long has counted everything. */
const settledAfterMs = 2000;
const settlePollMs = 50;

async function snapshot(server: Server): Promise<Snapshot> {
  const counts = await server.counts();
  return { counts, stats: readProcessStats(server.pid), proxy: server.proxy?.stats() ?? noUsage };
}

function dealtWith({ frames, dropped }: ServerCounts): number {
  return frames + dropped;
}

/** The counts, once all that was sent is counted, or nothing more comes. */
export async function settle(server: Server, framesSent: number): Promise<ServerCounts> {
  const deadlineMs = performance.now() + settleDeadlineMs;
  let counts = await server.counts();
  let changedMs = performance.now();
  while (dealtWith(counts) < framesSent && performance.now() < deadlineMs) {
    await sleep(settlePollMs);
    const next = await server.counts();
    if (dealtWith(next) !== dealtWith(counts)) changedMs = performance.now();
    else if (performance.now() - changedMs > settledAfterMs) break;
    counts = next;
  }
  // Once more: what is read while frames still come in need not agree with itself.
  return await server.counts();
}

async function nothing(): Promise<void> {}

export function planOf(server: Server, load: Load): Plan {
  return { port: server.port, path: server.path, isTls: server.isTls ?? false, ...load };
}

/** Runs both processes for as long as `use` takes, and ends them whatever happens. Nothing is connected yet. */
export function withServer<T>(
  kind: ServerKind,
  load: Load,
  isVerified: boolean,
  use: (server: Server, generator: GeneratorProcess) => Promise<T>,
): Promise<T> {
  return withBoth({ kind, generate: () => new GeneratorProcess(), load, isVerified }, use);
}

/** What `withBoth` runs. */
export interface Both<S extends Server, G extends GeneratorProcess> {
  readonly kind: { start(options: ServerOptions): Promise<S> };
  readonly generate: () => G;
  readonly load: Load;
  readonly isVerified: boolean;
}

/** The same with a generator that can do more. */
export async function withBoth<T, S extends Server, G extends GeneratorProcess>(
  { kind, generate, load, isVerified }: Both<S, G>,
  use: (server: S, generator: G) => Promise<T>,
): Promise<T> {
  const { streams, sampleRate } = load;
  const participants = Math.max(1, load.participants);
  const server = await kind.start({ streams, participants, sampleRate, isVerified });
  const generator = generate();
  try {
    const value = await use(server, generator);
    await generator.end();
    await server.end();
    return value;
  } catch (error) {
    generator.kill();
    server.kill();
    throw error;
  }
}

export function measureOnce(kind: ServerKind, load: Load, timing: Timing): Promise<Measurement> {
  return withServer(kind, load, false, (server, generator) => measureWindow({ server, generator, load, timing }));
}

export interface Window {
  readonly server: Server;
  readonly generator: GeneratorProcess;
  readonly load: Load;
  readonly timing: Timing;
  /** At its beginning and at its end. */
  readonly look?: () => Promise<void>;
  /** When all that was sent to the server is counted, and the streams are still open. */
  readonly settled?: () => Promise<void>;
}

/** Loads a server that is there, and measures. */
export async function measureWindow({ server, generator, load, timing, ...more }: Window): Promise<Measurement> {
  const { look = nothing, settled: onSettled = nothing } = more;
  await generator.connect(planOf(server, load));
  await generator.start();
  await sleep(timing.warmUpSeconds * 1000);
  const from = await snapshot(server);
  await generator.mark();
  await look();
  await sleep(timing.windowSeconds * 1000);
  const to = await snapshot(server);
  await look();
  const window = await generator.report();
  await generator.stop();
  const total = await generator.report();
  const settled = await settle(server, total.framesSent);
  await onSettled();
  await generator.close();
  const gc = server.gc.between(from.stats.atMs, to.stats.atMs);
  return {
    load,
    cores: availableParallelism(),
    seconds: (to.stats.atMs - from.stats.atMs) / 1000,
    frames: to.counts.frames - from.counts.frames,
    userUs: to.stats.userUs - from.stats.userUs,
    systemUs: to.stats.systemUs - from.stats.systemUs,
    mainThreadUs: to.stats.mainThreadUs - from.stats.mainThreadUs,
    hasProxy: server.proxy !== undefined,
    proxyUserUs: to.proxy.userUs - from.proxy.userUs,
    proxySystemUs: to.proxy.systemUs - from.proxy.systemUs,
    residence: between(from.counts.residence, to.counts.residence),
    dropped: settled.dropped - from.counts.dropped,
    droppedBefore: from.counts.dropped,
    droppedBy: settled.account?.droppedBy ?? {},
    rssBytes: to.stats.rssBytes,
    rssGrowthBytes: to.stats.rssBytes - from.stats.rssBytes,
    gcMs: gc.totalMs,
    gcPauseMaxMs: gc.longestPauseMs,
    generator: window.sinceMark,
    suite: window.suite,
    mismatches: mismatches(total, settled, load),
  };
}
