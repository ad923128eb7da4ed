/** A decode worker hangs, or its replacement cannot start: the gateway says so, tries again, and every stream continues afterwards. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { errorCodes } from '../../src/base/errors.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { expectedTimeline } from '../../src/simulator/timeline.ts';
import { type Fault, faultMessage } from '../decoder/faulty-decoder.ts';
import { AcsClient, refusedUpgrade } from '../support/acs-client.ts';
import { differences, filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { nodeOptions } from '../support/node-options.ts';
import { always, judgingTimes } from '../support/starvation.ts';

const preload = new URL('../decoder/faulty-decoder.ts', import.meta.url).href;

function launch(faultyStart: string, ...flags: string[]): Promise<GatewayProcess> {
  const env = { NODE_OPTIONS: nodeOptions(preload), FAULTY_START: faultyStart };
  return GatewayProcess.startIn(env, '--workers', '1', ...flags);
}

async function start(faultyStart: string, ...flags: string[]): Promise<GatewayProcess> {
  const gateway = await launch(faultyStart, ...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

/** What `/readyz` says; a gateway without file descriptors accepts no connection and says nothing. */
async function status(gateway: GatewayProcess): Promise<string> {
  const url = `http://127.0.0.1:${gateway.adminPort}/readyz`;
  const response = await fetch(url, { signal: AbortSignal.timeout(1000) }).catch(() => null);
  return response === null ? 'unreachable' : ((await response.json()) as { status: string }).status;
}

interface Strike {
  readonly fault: Fault;
  /** Before the worker meets its message, and once the gateway says that it is degraded. */
  readonly before?: (gateway: GatewayProcess, faultyStart: string) => void;
  readonly after?: (gateway: GatewayProcess, faultyStart: string) => void;
}

/** Twenty calls on the only worker, which is struck in the middle of them. */
async function strike({ fault, before, after }: Strike) {
  const folder = temporaryFolder();
  const faultyStart = join(folder, 'faulty-start');
  // Longer than the standstill, or the sink would be lapped when the lane is caught up with.
  const gateway = await start(faultyStart, '--ring-seconds', '20', '--sink', `pcm:${join(folder, 'calls')}`);
  const saboteur = await AcsClient.connect(gateway.url);
  const options = { calls: 20, durationMs: 8000, seed: 14 };
  const running = simulateCalls({ ...options, url: gateway.url });
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total')! > 500);
  await eventually(async () => (await status(gateway)) === 'ready');
  before?.(gateway, faultyStart);
  saboteur.send(faultMessage(fault));
  await eventually(() => gateway.log.some(({ msg }) => msg === 'degraded'));
  expect(['degraded', 'unreachable']).toContain(await status(gateway));
  after?.(gateway, faultyStart);
  await eventually(async () => (await status(gateway)) === 'ready');
  const { ok, perCall } = await running;
  await saboteur.hangUp();
  const metrics = await gateway.metrics();
  const { code, last } = await gateway.drain();
  await always(() => expect([code, last['unaccounted']]).toEqual([0, 0]));
  const sent = new Map(
    perCall.map(({ call, callConnectionId }) => [
      `${callConnectionId}/mixed.pcm`,
      Buffer.from(expectedTimeline(options, call, 0)),
    ]),
  );
  const wrong = differences(filesBelow(join(folder, 'calls'), '.pcm'), sent);
  const sum = { ok, wrong, code, msg: last.msg, unaccounted: last['unaccounted'], committed: last['committed'] };
  return { sum, metrics, log: gateway.log };
}

/** A gateway whose only worker dies, and is never replaced: begun first, for its end takes a minute, in which the others run. */
let forsaken: GatewayProcess;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'acs-forsaken-'));
  const faultyStart = join(folder, 'faulty-start');
  forsaken = await launch(faultyStart);
  const client = await AcsClient.connect(forsaken.url);
  writeFileSync(faultyStart, 'exit');
  client.send(faultMessage('exit'));
  return async () => {
    await forsaken.kill();
    rmSync(folder, { recursive: true });
  };
});

test('without its worker the gateway takes no new stream, and says why', async () => {
  await eventually(() => forsaken.log.some(({ msg }) => msg === 'degraded'));
  expect(['degraded', 'unreachable']).toContain(await status(forsaken));
  expect(await refusedUpgrade(forsaken.url)).toEqual({ status: 503, retryAfter: '5' });
  const metrics = await forsaken.metrics();
  expect(metrics.get('degraded')).toBe(1);
  expect(metrics.get('overload_refusals_total{cause="workers"}')).toBe(1);
});

/** Every frame of every call is there, and the saboteur's message is the only one that was lost. */
const allWell = { ok: true, wrong: [], code: 0, msg: 'drained', unaccounted: 0, committed: 20 * 400 };

test(
  'a worker dies while there are no file descriptors: another one takes over as soon as there are',
  needs('prlimit'),
  judgingTimes(async () => {
    const limit = (value: string) => (gateway: GatewayProcess) =>
      execFileSync('prlimit', ['--pid', String(gateway.pid), `--nofile=${value}:`]);
    const { sum, metrics, log } = await strike({ fault: 'exit', before: limit('3'), after: limit('1024') });
    expect(sum).toEqual(allWell);
    expect(metrics.get('messages_dropped_total{reason="worker_lost"}')).toBe(1);
    expect(metrics.get('thread_restarts_total{thread="decoder:0"}')).toBeGreaterThan(1);
    expect(metrics.get('thread_hangs_total{thread="decoder:0"}')).toBe(0);
    expect(log.find(({ msg }) => msg === 'decode worker failed')?.['error']).toContain('EMFILE');
  }),
);

test(
  'a worker runs out of memory, and so do those that replace it: one that does not takes over',
  judgingTimes(async () => {
    const { sum, metrics } = await strike({
      fault: 'memory',
      before: (_gateway, faultyStart) => writeFileSync(faultyStart, 'memory'),
      after: (_gateway, faultyStart) => rmSync(faultyStart),
    });
    expect(sum).toEqual(allWell);
    expect(metrics.get('messages_dropped_total{reason="worker_lost"}')).toBe(1);
  }),
);

test(
  'a worker that never comes back from a message is ended, its message counted, and its lane goes on',
  judgingTimes(async () => {
    const { sum, metrics, log } = await strike({ fault: 'loop' });
    expect(sum).toEqual(allWell);
    expect(metrics.get('messages_dropped_total{reason="worker_lost"}')).toBe(1);
    expect(metrics.get('thread_hangs_total{thread="decoder:0"}')).toBe(1);
    expect(metrics.get('thread_restarts_total{thread="decoder:0"}')).toBe(1);
    expect(log.filter(({ msg }) => msg === 'decode worker hung')).toMatchObject([{ worker: 0, lane: 0 }]);
  }),
);

test(
  'a standstill of the whole process is no hang',
  judgingTimes(async () => {
    const gateway = await start('');
    const running = simulateCalls({ calls: 20, durationMs: 6000, url: gateway.url });
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total')! > 100);
    gateway.signal('SIGSTOP');
    await sleep(4000);
    gateway.signal('SIGCONT');
    await running;
    const metrics = await gateway.metrics();
    expect(metrics.get('thread_hangs_total{thread="decoder:0"}')).toBe(0);
    expect(metrics.get('messages_dropped_total{reason="worker_lost"}')).toBe(0);
  }),
);

test('after a minute without its worker it tells why, prints the account, and ends with a code of its own', async () => {
  expect(await forsaken.exit()).toBe(errorCodes.decoding_failed);
  expect(forsaken.log.find(({ msg }) => msg === 'giving up')).toMatchObject({ received: 1, unaccounted: 0 });
  expect(forsaken.stderr).toContain('decode workers have been missing for 60 s');
});
