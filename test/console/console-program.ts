/** A gateway with the console in the process of the test. */
import type { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import type { Log, LogRecord } from '../../src/base/log.ts';
import { type GatewayOptions, type RunningGateway, startGateway } from '../../src/index.ts';
import { ConsoleClient } from './console-client.ts';
import { Talker, tone } from './talker.ts';

export interface Running {
  readonly gateway: RunningGateway;
  readonly client: ConsoleClient;
  readonly url: string;
  readonly log: readonly LogRecord[];
  /** Threads of the console, as they were started. */
  readonly threads: readonly Worker[];
}

export async function start(options: GatewayOptions = {}): Promise<Running> {
  const records: LogRecord[] = [];
  const keep = (record: LogRecord) => void records.push(record);
  const log: Log = { info: keep, warn: keep, error: keep, fatal: keep };
  const gateway = await startGateway({
    port: 0,
    adminPort: 0,
    workers: 1,
    ringMemoryMb: 64,
    drainTimeoutMs: 500,
    console: true,
    consoleAudio: true,
    log,
    ...options,
  });
  onTestFinished(async () => void (await gateway.stop()));
  // Every thread that is started from now on.
  const threads: Worker[] = [];
  const onWorker = (worker: Worker) => void threads.push(worker);
  process.on('worker', onWorker);
  onTestFinished(() => void process.off('worker', onWorker));
  const client = await ConsoleClient.login(gateway.adminPort, null);
  return { gateway, client, url: `ws://127.0.0.1:${gateway.port}/audio`, log: records, threads };
}

export async function talk(url: string, id: string): Promise<Talker> {
  const talker = await Talker.call(url, id);
  onTestFinished(() => talker.hangUp());
  talker.says.set('speaker', () => tone(1000));
  return talker;
}
