/**
 * The composition root: builds the stages, starts them, and drains them in the order in which audio flows: stop
 * accepting, let sockets finish, flush the lanes, let the sinks drain, exit. Main thread.
 */
import { EventEmitter } from 'node:events';
import { GatewayFigures } from '../admin/figures.ts';
import { AdminServer, adminOf } from '../admin/server.ts';
import { awakeClock } from '../base/awake-clock.ts';
import { withTimeout, withWallTimeout } from '../base/deadline.ts';
import { ErrorThrottle, type LoggedError, type LogThrottled } from '../base/error-throttle.ts';
import { exitLingerMs, exitMsMax, flushMsMax, ringLingerMs, sinkStopMs, threadEndMsMax } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import { UndoStack } from '../base/undo-stack.ts';
import { packageVersion } from '../base/version.ts';
import { peerOf } from '../config/networks.ts';
import type { Config } from '../config/serve-settings.ts';
import type { DecoderPool } from '../decoder/pool.ts';
import type { Lane } from '../lane/lane.ts';
import { geometryOf } from '../memory/geometry.ts';
import { SharedMemory } from '../memory/shared-memory.ts';
import { createMetrics } from '../metrics/gateway-metrics.ts';
import { RingPool } from '../ring/pool.ts';
import { createAuthenticate } from '../socket/auth/authenticate.ts';
import type { FrontEnd } from '../socket/front-end.ts';
import { createGuards } from '../socket/guards.ts';
import { Pressure } from '../socket/pressure.ts';
import type { Authenticate, Readiness } from '../socket/upgrade.ts';
import { type Account, account } from '../stream/accounting.ts';
import { closeCode } from '../stream/close-code.ts';
import { costlyUnits } from '../stream/costly.ts';
import { StreamRegistry } from '../stream/registry.ts';
import { StallWatch } from '../stream/stall-watch.ts';
import type { Elsewhere } from '../stream/subscriptions.ts';
import { Totals } from '../stream/totals.ts';
import { ThreadMetrics, ThreadMetricsWatch } from '../thread/thread-metrics.ts';
import { createConsole } from './console-start.ts';
import { Consumers } from './consumers.ts';
import { createDecoders, createLanes } from './decoding.ts';
import type { DrainResult } from './drain-result.ts';
import type { StreamInfo } from './events.ts';
import { createFrontEnd } from './ingest.ts';
import { namedThreads } from './named-threads.ts';
import { type Events, Observers } from './observers.ts';
import { PlaybackHost } from './playback-host.ts';
import { loggedRecord } from './recorded-calls.ts';

/** Who listens beside the sinks, in the process that runs the gateway. */
export interface GatewayListeners {
  /** Names of those who read rings. */
  readonly readers?: readonly string[];
  readonly events?: Events;
  /** One of several processes: their parent, which knows the streams of the others and has the admin port. */
  readonly parent?: { readonly process: number; readonly elsewhere: Elsewhere };
}

const throttleTickMs = 1_000;

export class Gateway {
  private readonly config: Config;
  private readonly log: Log;
  private readonly errorThrottle: ErrorThrottle<LoggedError>;
  private readonly memory: SharedMemory;
  private readonly totals = new Totals();
  private readonly threadMetrics = ThreadMetrics.create();
  private readonly threadMetricsWatch = new ThreadMetricsWatch(this.threadMetrics);
  private readonly rings: RingPool;
  private readonly decoders: DecoderPool;
  private readonly lanes: readonly Lane[];
  private readonly consumers: Consumers;
  private readonly observers: Observers;
  private readonly playback: PlaybackHost;
  readonly registry: StreamRegistry;
  private readonly stalls: StallWatch;
  private readonly pressure: Pressure;
  readonly frontEnd: FrontEnd;
  readonly figures: GatewayFigures;
  private readonly admin: AdminServer | null;
  private console: Awaited<ReturnType<typeof createConsole>> = null;
  private readonly undo = new UndoStack();
  private authenticate: Authenticate = () => null;
  private phase: 'starting' | 'running' | 'draining' = 'starting';
  private readonly allClosed = Promise.withResolvers<void>();
  private callsEndedMs = 0;

  constructor(config: Config, log: Log, { readers = [], events = new EventEmitter(), parent }: GatewayListeners = {}) {
    this.config = config;
    this.log = log;
    this.errorThrottle = new ErrorThrottle((_kind, loggedError, suppressed) =>
      log.error({ ...loggedError, ...(suppressed > 0 && { suppressed }) }),
    );
    this.memory = SharedMemory.create(geometryOf(config));
    this.rings = new RingPool(this.memory);
    const common = { config, memory: this.memory, log, logThrottled: this.logThrottled };
    this.decoders = createDecoders(common, (error) => this.observers.failed(error));
    this.lanes = createLanes(common, this.decoders, () => this.registry);
    this.consumers = new Consumers({
      config,
      memory: this.memory,
      log,
      readers,
      onDrained: (...drained) => this.registry.readerDone(...drained),
      onSinkLost: (holder) => this.playback.abandoned(holder),
      onRecorded: (recording) => this.observers.recorded(this.registry.recorded(recording)),
      onCommandError: (error) => this.logThrottled(error),
      onCaptureError: (error) => this.logThrottled({ msg: 'capture error', error }),
    });
    const { sinks } = this.consumers;
    const stages = () => ({ registry: this.registry, observers: this.observers });
    this.playback = new PlaybackHost({ config, memory: this.memory, rings: this.rings, stages });
    const { handle: playback, handleForSinks: sinkPlayback } = this.playback;
    const told = { sinks, readers: this.consumers.readers, events };
    this.observers = new Observers({ memory: this.memory, ...told, playback, sinkPlayback });
    const guards = createGuards(config, this.totals);
    this.registry = new StreamRegistry({
      memory: this.memory,
      lanes: this.lanes,
      totals: this.totals,
      observers: this.observers,
      streamsMax: config.maxStreams,
      lingerMs: ringLingerMs,
      resumeGraceMs: config.resumeGraceMs,
      messagesPerSecondMax: config.maxMessagesPerSecond,
      elsewhere: parent?.elsewhere,
      onDecoded: (stream) => {
        guards.debts.owe(peerOf(stream.facts.remoteAddress), costlyUnits(this.memory, stream), performance.now());
        this.wakeIfAllClosed();
      },
      onEnded: (record) => {
        log.info({ msg: 'stream ended', ...loggedRecord(record) });
        this.observers.released(record);
      },
    });
    const { memory, registry, observers } = this;
    this.stalls = new StallWatch({ memory, registry, observers, afterMs: config.stallAfterMs });
    this.pressure = new Pressure({
      registry: this.registry,
      rings: this.rings,
      ringCount: this.memory.geometry.ringCount,
      lanes: this.lanes,
      lacksPlayback: () => this.playback.pacer.isFull,
      isDegraded: () => this.decoders.isDegraded,
      lateness: () => this.threadMetricsWatch.lateness,
      lacksDescriptors: () => this.frontEnd.isPaused,
    });
    this.frontEnd = createFrontEnd({
      ...common,
      guards,
      pressure: this.pressure,
      readiness: this.readiness,
      authenticate: (request) => this.authenticate(request),
      registry: this.registry,
      totals: this.totals,
      capture: this.consumers.capture?.recorder ?? null,
      sharing: parent !== undefined ? 'known' : config.sharePort ? 'ask' : 'alone',
    });
    const said = parent === undefined ? {} : { process: parent.process };
    this.figures = new GatewayFigures({ metrics: this.createMetrics(), registry, readiness: this.readiness, said });
    const live = config.console ? () => this.console : null;
    this.admin =
      parent === undefined ? new AdminServer({ ...adminOf(config), figures: this.figures, console: live }) : null;
  }

  /**
   * Resolves when streams can come. Throws `bad_settings`, `listen_failed`, `sink_failed`, `capture_failed`, `native_missing`;
   * then nothing is left behind.
   */
  async start(): Promise<{ readonly port: number; readonly adminPort: number }> {
    try {
      const ports = await this.startStages();
      this.phase = 'running';
      return ports;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Streams that have said something, by id, until every reader has finished with them. */
  get streams(): ReadonlyMap<string, StreamInfo> {
    return this.observers.streams;
  }

  /** What became of every message so far. */
  get account(): Account {
    return account(this.memory, this.totals);
  }

  /**
   * Takes no new stream, lets the open ones end within the drain timeout, and loses nothing that was received. With `closesPort` others take
   * those who come, and nobody has to be refused.
   */
  async drain(timeoutMs = this.config.drainTimeoutMs, closesPort = this.config.sharePort): Promise<DrainResult> {
    if (closesPort) await this.frontEnd.closePort();
    this.phase = 'draining';
    this.log.info({ msg: 'draining', streams: this.registry.active, timeoutMs });
    this.registry.endWaiting();
    this.wakeIfAllClosed();
    await withTimeout(timeoutMs, this.allClosed.promise);
    const streamsCut = this.registry.active;
    this.frontEnd.closeAll(closeCode.draining, 'drained');
    this.callsEndedMs = performance.now();
    // What comes behind the account has its time as well.
    const endMs = this.callsEndedMs + exitMsMax - 2 * threadEndMsMax - exitLingerMs;
    const isFlushed = await withTimeout(flushMsMax, this.registry.empty());
    const stopMs = Math.min(sinkStopMs.most, Math.max(sinkStopMs.least, endMs - performance.now()));
    const sinksFinished = await this.consumers.stop(stopMs);
    await this.consumers.finishCommands(Math.max(0, endMs - performance.now()));
    // The account is the last word.
    this.errorThrottle.tellAll();
    const current = this.account;
    const readersAreExact = this.consumers.sinks.every(
      (sink) => sink.frames + sink.lappedFrames === this.registry.framesEnded,
    );
    const isExact = isFlushed && sinksFinished && current.unaccounted === 0 && readersAreExact && this.playback.isExact;
    return { isExact, account: current, streamsCut };
  }

  /** Resolves when whoever scrapes the metrics has seen how the drain ended, or does not come for it. */
  async lastScrape(): Promise<void> {
    await this.admin?.scrapers.askOnceMore(this.callsEndedMs);
  }

  /** Takes back what `start` has started. What cannot be ended is left behind after half a second. */
  stop(): Promise<void> {
    return this.undo.run();
  }

  /** In the direction in which audio flows, last first. */
  private async startStages(): Promise<{ readonly port: number; readonly adminPort: number }> {
    const { undo } = this;
    undo.add(() => awakeClock.stop());
    awakeClock.start();
    undo.add(() => this.threadMetricsWatch.stop());
    this.threadMetricsWatch.start();
    const throttleTimer = setInterval(() => this.errorThrottle.tick(performance.now()), throttleTickMs);
    throttleTimer.unref();
    undo.add(() => clearInterval(throttleTimer));
    undo.add(() => this.stalls.stop());
    this.stalls.start();
    undo.add(() => this.stopThreads());
    await Promise.all([this.decoders.start(), this.consumers.start()]);
    const { config, log, memory, registry, totals, threadMetrics, consumers, playback } = this;
    this.console = await createConsole({ config, log, memory, registry, totals, threadMetrics, consumers, playback });
    undo.add(() => this.admin?.stop());
    const adminPort = (await this.admin?.listen()) ?? 0;
    undo.add(() => this.playback.stop());
    undo.add(() => this.frontEnd.stop());
    const port = await this.frontEnd.listen();
    // No upgrade has come yet: that takes a turn of the event loop.
    this.authenticate = createAuthenticate(this.config, this.totals, this.log);
    return { port, adminPort };
  }

  private async stopThreads(): Promise<void> {
    for (const lane of this.lanes) lane.stop();
    await Promise.all([withWallTimeout(threadEndMsMax, this.decoders.stop()), this.consumers.cutOff()]);
  }

  private readonly readiness = (): Readiness => {
    if (this.phase !== 'running') return this.phase;
    if (this.decoders.isDegraded) return 'degraded';
    return this.pressure.cause === null ? 'ready' : 'full';
  };

  private readonly logThrottled: LogThrottled = (loggedError, kind = loggedError.msg) => {
    this.errorThrottle.add(kind, loggedError, performance.now());
  };

  private wakeIfAllClosed(): void {
    if (this.phase === 'draining' && this.registry.active === 0) this.allClosed.resolve();
  }

  private createMetrics(): ReturnType<typeof createMetrics> {
    const { config, memory, totals, registry, lanes, decoders, rings, consumers } = this;
    const { sinks, readers, capture, threads } = consumers;
    const supervised = () => (this.console === null ? threads : [...threads, this.console.thread]);
    return createMetrics({
      memory,
      totals,
      registry,
      stalls: this.stalls,
      lanes,
      decoders,
      playback: this.playback.pacer,
      rings,
      sinks: [...sinks, ...readers],
      capture,
      recordings: consumers.recordings,
      streamsMax: config.maxStreams,
      messageBytesMax: config.maxMessageBytes,
      ingest: () => this.frontEnd,
      console: () => this.console,
      threads: () => namedThreads(memory, this.threadMetrics, supervised()),
      supervised,
      build: { version: packageVersion(), node: process.versions.node, decoder: config.decoder },
      isDraining: () => this.phase === 'draining',
    });
  }
}
