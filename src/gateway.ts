/**
 * The composition root: builds the stages, starts them, and drains them in the order in which audio flows: stop
 * accepting, let sockets finish, flush the lanes, let the sinks drain, exit. Main thread.
 */
import { EventEmitter } from 'node:events';
import { AdminServer } from './admin/server.ts';
import { type Events, GatewayAudience } from './audience.ts';
import { awakeClock } from './awake-clock.ts';
import { CaptureHost } from './capture/host.ts';
import { type CaptureSpec, captureOf } from './capture/spec.ts';
import { Complaints } from './complaints.ts';
import type { Config } from './config.ts';
import { within } from './deadline.ts';
import { LaneCounters } from './decoder/lane-counters.ts';
import { DecoderPool } from './decoder/pool.ts';
import { withoutPath } from './errors.ts';
import { Lane } from './lane/lane.ts';
import { flushMsMax, ringLingerMs, sinkStopMsMax } from './limits.ts';
import type { Log } from './log.ts';
import { geometryOf } from './memory/geometry.ts';
import { SharedMemory } from './memory/shared-memory.ts';
import type { ThreadVitals } from './metrics/families.ts';
import { createMetrics } from './metrics/gateway-metrics.ts';
import type { Metrics } from './metrics/registry.ts';
import { ReaderGroup } from './reader/reader-group.ts';
import { RingPool } from './ring/pool.ts';
import { SinkHost } from './sink/host.ts';
import { type SinkSpec, sinkOf } from './sink/spec.ts';
import { createAuthenticate } from './socket/auth/authenticate.ts';
import { allowList, trustedProxies } from './socket/client-address.ts';
import { FrontEnd } from './socket/front-end.ts';
import { createGuards } from './socket/guards.ts';
import { Pressure } from './socket/pressure.ts';
import type { Readiness } from './socket/upgrade.ts';
import { type Account, account } from './stream/accounting.ts';
import { closeCode } from './stream/close-code.ts';
import { StreamRegistry } from './stream/registry.ts';
import { Totals } from './stream/totals.ts';
import { Vitals, VitalsWatch, vitalsDoubles } from './thread/vitals.ts';
import { packageVersion } from './version.ts';

/** What a gateway leaves behind when it has stopped. */
export interface DrainResult {
  /** Every message received is in a ring or in a counter, and every frame in a ring was read or lapped by every sink. */
  readonly isExact: boolean;
  readonly account: Account;
  /** Streams that were still open when the time was up. */
  readonly streamsCut: number;
}

/** Who listens beside the sinks, in the process that runs the gateway. */
export interface GatewayListeners {
  /** Names of those who read rings. */
  readonly readers?: readonly string[];
  readonly events?: Events;
}

/** An error as it is logged. */
type Complaint = Readonly<Record<string, unknown>> & { readonly msg: string };
const complaintsTickMs = 1_000;

export class Gateway {
  private readonly config: Config;
  private readonly log: Log;
  private readonly complaints: Complaints<Complaint>;
  private readonly complaintsTimer: NodeJS.Timeout;
  private readonly memory: SharedMemory;
  private readonly totals = new Totals();
  private readonly vitals = new Vitals(new Float64Array(vitalsDoubles));
  private readonly vitalsWatch = new VitalsWatch(this.vitals);
  private readonly rings: RingPool;
  private readonly decoders: DecoderPool;
  private readonly lanes: readonly Lane[];
  private readonly sinks: readonly SinkHost[];
  private readonly readers: readonly ReaderGroup[];
  private readonly audience: GatewayAudience;
  private readonly registry: StreamRegistry;
  private readonly pressure: Pressure;
  private readonly capture: CaptureHost | null;
  private readonly frontEnd: FrontEnd;
  private readonly admin: AdminServer;
  private phase: 'starting' | 'running' | 'draining' = 'starting';
  private activeWaiters: (() => void)[] = [];

  constructor(config: Config, log: Log, { readers = [], events = new EventEmitter() }: GatewayListeners = {}) {
    this.config = config;
    this.log = log;
    this.complaints = new Complaints((_kind, complaint, leftOut) =>
      log.error({ ...complaint, ...(leftOut > 0 && { leftOut }) }),
    );
    this.complaintsTimer = setInterval(() => this.complaints.tick(performance.now()), complaintsTickMs);
    this.complaintsTimer.unref();
    this.memory = SharedMemory.create(geometryOf(config));
    this.rings = new RingPool(this.memory);
    this.decoders = new DecoderPool({
      memory: this.memory,
      workers: config.workers,
      decoder: config.decoder,
      flushIntervalMs: config.flushIntervalMs,
      onReport: (report) => this.complain({ ...report }, `${report.msg} ${report.worker}`),
      onDegraded: (isDegraded) => this.log.warn({ msg: isDegraded ? 'degraded' : 'no longer degraded' }),
      onFailed: (error) => this.audience.failed(error),
    });
    this.lanes = Array.from({ length: config.lanes }, (_, index) => this.createLane(index));
    this.sinks = config.sink.map((text, index) => this.createSink(index, sinkOf(text, config.fileAccess)));
    this.readers = readers.map((name, index) => this.createReaders(config.sink.length + index, name));
    this.audience = new GatewayAudience({ memory: this.memory, sinks: this.sinks, readers: this.readers, events });
    this.registry = new StreamRegistry({
      memory: this.memory,
      lanes: this.lanes,
      totals: this.totals,
      audience: this.audience,
      streamsMax: config.maxStreams,
      lingerMs: ringLingerMs,
      resumeGraceMs: config.resumeGraceMs,
      messagesPerSecondMax: config.maxMessagesPerSecond,
      onDecoded: () => this.wakeIfAllClosed(),
      onEnded: (record) => {
        log.info({ msg: 'stream ended', ...record });
        this.audience.released(record);
      },
    });
    this.pressure = new Pressure({
      registry: this.registry,
      rings: this.rings,
      ringCount: this.memory.geometry.ringCount,
      lanes: this.lanes,
      isDegraded: () => this.decoders.isDegraded,
      lateness: () => this.vitalsWatch.lateness,
      lacksDescriptors: () => this.frontEnd.isPaused,
    });
    this.capture = config.capture === null ? null : this.createCapture(captureOf(config.capture, config.fileAccess));
    this.frontEnd = new FrontEnd({
      host: config.host,
      port: config.port,
      tls: config.tlsCert === null || config.tlsKey === null ? null : { cert: config.tlsCert, key: config.tlsKey },
      onCertificate: (error) => this.certificateChanged(error),
      messageBytesMax: config.maxMessageBytes,
      metadataTimeoutMs: config.metadataTimeoutMs,
      idleTimeoutMs: config.idleTimeoutMs,
      admission: {
        path: config.path,
        isAllowed: allowList(config),
        isDuplicate: (owner) => config.duplicate === 'reject' && this.registry.hasCall(owner),
        pressure: () => this.pressure.cause,
        readiness: this.readiness,
      },
      ...createGuards(config, this.totals),
      proxies: trustedProxies(config),
      authenticate: createAuthenticate(config, this.totals, log),
      onHandshakeError: (error) => this.complain({ msg: 'handshake failed', error: withoutPath(error) }),
      duplicate: config.duplicate,
      registry: this.registry,
      totals: this.totals,
      capture: this.capture?.recorder ?? null,
      clock: () => performance.now(),
    });
    this.admin = new AdminServer({
      host: config.adminHost,
      port: config.adminPort,
      metrics: this.createMetrics(),
      registry: this.registry,
      readiness: this.readiness,
      token: config.adminToken,
    });
  }

  /** Resolves when streams can come. Throws `listen_failed`, `sink_failed`, `native_missing`; then nothing is left behind. */
  async start(): Promise<{ readonly port: number; readonly adminPort: number }> {
    awakeClock.start();
    try {
      await Promise.all([this.decoders.start(), this.capture?.start(), ...this.sinks.map((sink) => sink.start())]);
      const adminPort = await this.admin.listen();
      const port = await this.frontEnd.listen();
      this.phase = 'running';
      return { port, adminPort };
    } catch (error) {
      await this.tearDown();
      throw error;
    }
  }

  /** What became of every message so far. */
  get account(): Account {
    return account(this.memory, this.totals);
  }

  /** Takes no new stream, lets the open ones end within the drain timeout, and loses nothing that was received. */
  async drain(timeoutMs: number = this.config.drainTimeoutMs): Promise<DrainResult> {
    this.phase = 'draining';
    this.log.info({ msg: 'draining', streams: this.registry.active, timeoutMs });
    this.registry.endWaiting();
    await within(timeoutMs, this.allClosed());
    const streamsCut = this.registry.active;
    this.frontEnd.closeAll(closeCode.draining, 'drained');
    const isFlushed = await within(flushMsMax, this.registry.empty());
    const stopping = this.sinks.map((sink) => sink.stop(sinkStopMsMax));
    await this.stopCapture();
    const stopped = await Promise.all(stopping);
    const current = this.account;
    const readersAreExact = this.sinks.every(
      (sink, index) => stopped[index] && sink.frames + sink.lappedFrames === this.registry.framesEnded,
    );
    await this.tearDown();
    const isExact = isFlushed && current.unaccounted === 0 && readersAreExact;
    return { isExact, account: current, streamsCut };
  }

  private async tearDown(): Promise<void> {
    awakeClock.stop();
    this.vitalsWatch.stop();
    clearInterval(this.complaintsTimer);
    this.complaints.tellAll();
    this.frontEnd.stop();
    for (const lane of this.lanes) lane.stop();
    const sinks = this.sinks.map((sink) => sink.stop(0));
    await Promise.all([this.admin.stop(), this.decoders.stop(), this.capture?.stop(0), ...sinks]);
  }

  private readonly readiness = (): Readiness => {
    if (this.phase !== 'running') return this.phase;
    if (this.decoders.isDegraded) return 'degraded';
    return this.pressure.cause === null ? 'ready' : 'full';
  };

  /** Resolves when no socket is connected. */
  private allClosed(): Promise<void> {
    if (this.registry.active === 0) return Promise.resolve();
    return new Promise((resolve) => this.activeWaiters.push(resolve));
  }

  private complain(complaint: Complaint, kind: string = complaint.msg): void {
    this.complaints.add(kind, complaint, performance.now());
  }

  private certificateChanged(error: string | null): void {
    if (error === null) this.log.info({ msg: 'certificate renewed' });
    else this.log.error({ msg: 'certificate cannot be renewed', error });
  }

  private wakeIfAllClosed(): void {
    if (this.registry.active === 0) for (const wake of this.activeWaiters.splice(0)) wake();
  }

  private createLane(index: number): Lane {
    return new Lane({
      memory: this.memory,
      index,
      flushIntervalMs: this.config.flushIntervalMs,
      work: (laneIndex) => this.decoders.work(laneIndex),
      onShift: ({ news, faults, tones = [] }) => {
        this.registry.news(news);
        for (const { streamIndex, tone } of tones) this.registry.tone(streamIndex, tone);
        for (const fault of faults) this.complain({ msg: 'a message could not be decoded', fault });
      },
      onWorkerLost: (error) => {
        this.complain({ msg: 'decode worker lost', lane: index, error: error.message }, `lost ${index}`);
        this.registry.newsOfLane(index);
      },
    });
  }

  private createCapture(spec: CaptureSpec): CaptureHost {
    return new CaptureHost({
      spec,
      path: this.config.path,
      onReady: (file) => this.log.info({ msg: 'capturing', file, redact: spec.redact }),
      onError: (error) => this.complain({ msg: 'capture error', error }),
      onDied: (error, restartMs) => this.log.error({ msg: 'capture thread died', error, restartMs }),
    });
  }

  private async stopCapture(): Promise<void> {
    if (this.capture === null) return;
    await this.capture.stop(sinkStopMsMax);
    const { messages, dropped, bytes } = this.capture;
    this.log.info({ msg: 'captured', messages, dropped, bytes });
  }

  private createSink(index: number, spec: SinkSpec): SinkHost {
    return new SinkHost({
      memory: this.memory,
      spec,
      onDrained: (streamId, { framesRead, framesLapped }) =>
        this.registry.readerDone(streamId, index, framesRead, framesLapped),
      onError: (error, streamId, leftOut) =>
        this.log.error({ msg: 'sink error', sink: spec.name, streamId, error, ...(leftOut > 0 && { leftOut }) }),
      onDied: (error, restartMs) => this.log.error({ msg: 'sink thread died', sink: spec.name, error, restartMs }),
    });
  }

  private createReaders(index: number, name: string): ReaderGroup {
    return new ReaderGroup({
      name,
      memory: this.memory,
      lingerMs: ringLingerMs,
      onDrained: (streamId, { framesRead, framesLapped }) =>
        this.registry.readerDone(streamId, index, framesRead, framesLapped),
    });
  }

  private createMetrics(): Metrics {
    const { config, memory, totals, registry, lanes, decoders, rings, sinks, readers, capture } = this;
    return createMetrics({
      memory,
      totals,
      registry,
      lanes,
      decoders,
      rings,
      sinks: [...sinks, ...readers],
      capture,
      streamsMax: config.maxStreams,
      messageBytesMax: config.maxMessageBytes,
      threads: this.threads(),
      build: { version: packageVersion(), node: process.versions.node, decoder: config.decoder },
      isDraining: () => this.phase === 'draining',
    });
  }

  private threads(): ThreadVitals[] {
    const workers = this.memory.lanes.map((views, index) => {
      const counters = new LaneCounters(views);
      return { name: `decoder:${index}`, delay: counters.delay, gcPause: counters.gcPause };
    });
    const sinks = this.sinks.map(({ name, vitals }) => ({ name: `sink:${name}`, ...vitals }));
    return [{ name: 'main', ...this.vitals }, ...workers, ...sinks];
  }
}
