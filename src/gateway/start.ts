/** A gateway within a process of the user's own: the settings of `serve` as an object, events, rings for its threads. Main thread. */
import { EventEmitter } from 'node:events';
import { GatewayError } from '../base/errors.ts';
import { createLog } from '../base/log.ts';
import { runtimeProblem } from '../base/runtime.ts';
import { readConfig } from '../config/config.ts';
import type { Config } from '../config/serve-settings.ts';
import { shownSink } from '../config/sink-spec.ts';
import type { GatewayEvents } from './events.ts';
import { type DrainResult, Gateway } from './gateway.ts';

/** The settings of the command line, as numbers, texts, switches and lists, and who reads rings. All may be left out. */
export interface GatewayOptions extends Partial<Omit<Config, 'sink'>> {
  /** As on the command line; one may stand by itself. */
  readonly sink?: string | readonly string[];
  /**
   * Names of those who will read rings in threads of yours, at most 16: they are what `participant.ring(name)` takes, and the label
   * `sink` in the metrics. `reader` if left out.
   */
  readonly readers?: readonly string[];
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

/**
 * A gateway that runs. Listen to its events at once after the start, and none is missed:
 *
 *     const gateway = await startGateway({ port: 8080 });
 *     gateway.on('participant', (participant) => worker.postMessage(participant.ring()));
 *
 * A listener that throws ends the process as any uncaught exception does; the streams are not touched by it.
 */
export class RunningGateway extends EventEmitter<GatewayEvents> {
  private readonly gateway: Gateway;
  private stopping: Promise<DrainResult> | null = null;
  private ports = { port: 0, adminPort: 0 };

  private constructor(config: Config, readers: readonly string[]) {
    super();
    this.gateway = new Gateway(config, createLog(config.logLevel, config.logFormat), { readers, events: this });
  }

  /** See `startGateway`. */
  static async start({ readers = ['reader'], ...settings }: GatewayOptions): Promise<RunningGateway> {
    const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
    const problem = runtimeProblem(process.versions);
    if (problem !== null) throw new GatewayError('native_missing', problem);
    const config = readConfig({ argv: [], values: given });
    checkReaders(readers, config.sink.map(shownSink));
    const running = new RunningGateway(config, readers);
    running.ports = await running.gateway.start();
    return running;
  }

  /** Where ACS connects; the real one if 0 was asked for. */
  get port(): number {
    return this.ports.port;
  }
  /** Metrics, health, streams. */
  get adminPort(): number {
    return this.ports.adminPort;
  }

  /**
   * Drains, as SIGTERM does to the command: takes no new stream, lets the open ones end within `drainTimeoutMs`, lets sinks
   * and readers come to the end. Resolves with the account.
   */
  stop(): Promise<DrainResult> {
    this.stopping ??= this.drain();
    return this.stopping;
  }

  private async drain(): Promise<DrainResult> {
    const result = await this.gateway.drain();
    await this.gateway.stop();
    return result;
  }
}

/**
 * Starts a gateway in this process. Takes the settings of the command line, named as in the file of `--config`; nothing is
 * read from the environment.
 * @throws `bad_settings` with all that is wrong, `listen_failed`, `sink_failed`, `native_missing`, `memory_exhausted`; then
 * nothing is left behind
 */
export function startGateway(options: GatewayOptions = {}): Promise<RunningGateway> {
  return RunningGateway.start(options);
}
