/** A gateway embedded in a program: the settings of `serve` as an object, events, rings for the program's threads. Main thread. */
import { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import { GatewayError } from '../base/errors.ts';
import { createLog, type Log } from '../base/log.ts';
import { readConfig } from '../config/config.ts';
import type { Config } from '../config/serve-settings.ts';
import { shownSink } from '../config/sink-spec.ts';
import type { DrainResult } from './drain-result.ts';
import type { GatewayEvents, Participant, StreamInfo } from './events.ts';
import { Gateway } from './gateway.ts';
import { ParticipantFeed } from './participant-feed.ts';

/** The settings of the command line as numbers, texts, switches and lists, and what only a program can give. All are optional. */
export interface GatewayOptions extends Partial<Omit<Config, 'sink' | 'processes'>> {
  /** As `--sink`; one text is a list of one. */
  readonly sink?: string | readonly string[];
  /**
   * Names of the readers in your own threads, at most 16, each 1 to 64 letters, digits, `_`, `-` and `.`: what `participant.ring(name)`
   * takes, and the label `sink` in the metrics. Default: `['reader']`.
   */
  readonly readers?: readonly string[];
  /**
   * Where the log goes. A writable stream gets the lines of `logLevel` and `logFormat` (`auto` is JSON there). A logger, such as a pino
   * instance, gets each record as an object with `msg`, and its own level decides. Default: standard output.
   */
  readonly log?: Writable | Log;
  /**
   * Stops the gateway when it is aborted, as `stop()` does. Aborted before the start is complete: `startGateway` rejects with the
   * signal's reason, and nothing is left behind.
   */
  readonly signal?: AbortSignal;
}

const readersMax = 16;
const nameForm = /^[\w.-]{1,64}$/;

function checkReaders(readers: readonly string[], sinks: readonly string[]): void {
  const wrong = readers.find((name) => typeof name !== 'string' || !nameForm.test(name));
  const problem =
    wrong !== undefined
      ? `${JSON.stringify(wrong)}: expected 1 to 64 letters, digits, _, - and .`
      : new Set(readers).size < readers.length
        ? 'expected each name once'
        : readers.some((name) => sinks.includes(name))
          ? 'expected other names than those of sinks'
          : readers.length > readersMax
            ? `expected at most ${readersMax}`
            : null;
  if (problem !== null) throw new GatewayError('bad_settings', `a bad setting:\n  readers: ${problem}`);
}

function logOf(log: Writable | Log | undefined, { logLevel, logFormat }: Config): Log {
  return log !== undefined && 'info' in log ? log : createLog(logLevel, logFormat, log);
}

/**
 * A running gateway. All of it belongs to the thread that called `startGateway`: its methods are called there, and its events are
 * emitted there. Add listeners right after the start, without an `await` between, and no event is missed:
 *
 *     const gateway = await startGateway({ port: 8080 });
 *     gateway.on('participant', (participant) => worker.postMessage(participant.ring()));
 *
 * A listener that throws ends the process as any uncaught exception does; streams are not affected.
 */
export class RunningGateway extends EventEmitter<GatewayEvents> {
  private readonly gateway: Gateway;
  private stopping: Promise<DrainResult> | null = null;
  private ports = { port: 0, adminPort: 0 };
  private hasStopped = false;
  private readonly feeds = new Set<ParticipantFeed>();
  /** A signal may live longer than the gateway. */
  private leaveSignal: () => void = () => {};

  private constructor(config: Config, readers: readonly string[], log: Log) {
    super();
    this.gateway = new Gateway(config, log, { readers, events: this });
  }

  /** The same as `startGateway`. */
  static async start({ readers = ['reader'], log, signal, ...settings }: GatewayOptions): Promise<RunningGateway> {
    signal?.throwIfAborted();
    const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
    // Playback costs nothing until a stream is asked for it.
    const config = readConfig({ argv: [], values: { playback: 'on', ...given } });
    if (config.processes > 1) {
      throw new GatewayError(
        'bad_settings',
        'a bad setting:\n  processes: expected only of the command: a program is one process',
      );
    }
    checkReaders(readers, config.sink.map(shownSink));
    const running = new RunningGateway(config, readers, logOf(log, config));
    running.ports = await running.gateway.start();
    if (signal?.aborted) await running.stop();
    signal?.throwIfAborted();
    const stop = () => void running.stop();
    signal?.addEventListener('abort', stop, { once: true });
    running.leaveSignal = () => signal?.removeEventListener('abort', stop);
    return running;
  }

  /** Where ACS connects: the real port if 0 was asked for. Never changes. The thread that started the gateway. */
  get port(): number {
    return this.ports.port;
  }
  /** Where metrics, health and `/streams` are. Never changes. The thread that started the gateway. */
  get adminPort(): number {
    return this.ports.adminPort;
  }

  /**
   * The streams of this moment by `StreamInfo.id`, each from its event `stream` to its `streamEnded`: a view that changes as they come
   * and go. The thread that started the gateway.
   */
  get streams(): ReadonlyMap<string, StreamInfo> {
    return this.gateway.streams;
  }

  /**
   * Every participant that can be read now, then each as it comes, until the gateway has stopped. One that ended before its turn is left
   * out: ask for the ring first, and read it beside the loop, not in it. The thread that started the gateway.
   *
   *     for await (const participant of gateway.participants()) void transcribe(new RingReader(participant.ring()));
   */
  participants(): AsyncIterableIterator<Participant, undefined> {
    const feed = new ParticipantFeed(this, this.gateway.streams, () => this.feeds.delete(feed));
    this.feeds.add(feed);
    if (this.hasStopped) void feed.return();
    return feed;
  }

  /**
   * Drains as SIGTERM drains the command: takes no new stream, waits up to `drainTimeoutMs` for the open ones, lets sinks and
   * readers finish, and whoever scrapes the metrics see it. Resolves with the account; a second call returns the same promise. Never rejects because of a stream. The thread
   * that started the gateway.
   */
  stop(): Promise<DrainResult> {
    this.stopping ??= this.drain();
    return this.stopping;
  }

  /** `await using gateway = await startGateway()`: `stop()` at the end of the block. The thread that started the gateway. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private async drain(): Promise<DrainResult> {
    this.leaveSignal();
    const result = await this.gateway.drain();
    await this.gateway.lastScrape();
    await this.gateway.stop();
    this.hasStopped = true;
    for (const feed of this.feeds) void feed.return();
    return result;
  }
}

/**
 * Starts a gateway in this process, on the calling thread: the main thread, as a rule. Settings are those of the command line, named
 * as in the file of `--config`; nothing is read from the environment.
 * @throws `GatewayError` with the code `bad_settings` (the message lists every problem), `listen_failed`, `sink_failed`,
 * `capture_failed`, `native_missing` or `memory_exhausted`; then nothing is left behind
 */
export function startGateway(options: GatewayOptions = {}): Promise<RunningGateway> {
  return RunningGateway.start(options);
}
