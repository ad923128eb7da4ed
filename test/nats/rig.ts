/** The gateway with a sink `nats`, what it counts, and the identity that its counts and those of a consumer must obey. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import type { NatsServer } from './server.ts';

export { sleep };

/** A gateway with this sink, and other flags. Gone when the test is over. */
export async function startWithSink(sink: string, ...flags: readonly string[]): Promise<GatewayProcess> {
  return startWithSinkIn({}, sink, ...flags);
}

export async function startWithSinkIn(
  env: Readonly<Record<string, string>>,
  sink: string,
  ...flags: readonly string[]
): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.startIn(env, '--workers', '1', '--sink', sink, ...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

export function startOn(server: NatsServer, ...flags: readonly string[]): Promise<GatewayProcess> {
  return startWithSink(`nats://${server.address}`, ...flags);
}

export interface SinkCounts {
  readonly frames: number;
  readonly lapped: number;
  readonly lost: number;
  readonly errors: number;
  readonly restarts: number;
  readonly ready: number;
  readonly unaccounted: number;
}

/** What the gateway says of its sink `nats`. */
export async function sinkCounts(gateway: GatewayProcess): Promise<SinkCounts> {
  const metrics = await gateway.metrics();
  const of = (name: string) => {
    for (const [sample, value] of metrics) if (sample.startsWith(`${name}{sink="nats://`)) return value;
    throw new Error(`no ${name} of a sink nats`);
  };
  return {
    frames: of('sink_frames_total'),
    lapped: of('sink_lapped_frames_total'),
    lost: of('sink_lost_frames_total'),
    errors: of('sink_errors_total'),
    restarts: of('sink_restarts_total'),
    ready: of('sink_ready'),
    unaccounted: of('sink_frames_unaccounted'),
  };
}

export async function isReady(gateway: GatewayProcess): Promise<boolean> {
  return (await sinkCounts(gateway)).ready === 1;
}

/** Waits for the last stream's end, and until every sink is done with it. */
export async function allRead(gateway: GatewayProcess): Promise<void> {
  await eventually(async () => {
    const metrics = await gateway.metrics();
    return (
      metrics.get('frames_committed_total')! > 0 &&
      metrics.get('ring_memory_bytes') === 0 &&
      (await gateway.streams()).length === 0
    );
  });
}

/** Every frame of streams that have ended was committed and is confirmed or lapped. Returns the counts. */
export async function exactCounts(gateway: GatewayProcess, frames: number): Promise<SinkCounts> {
  // A consumer hears of an end before the sink hears that the server has it.
  await allRead(gateway);
  const counts = await sinkCounts(gateway);
  const metrics = await gateway.metrics();
  expect(metrics.get('frames_committed_total')).toBe(frames);
  expect(metrics.get('messages_total{outcome="dropped"}')).toBe(0);
  expect(counts.frames + counts.lapped).toBe(frames);
  expect(counts.unaccounted).toBe(0);
  return counts;
}

export async function drainExactly(gateway: GatewayProcess): Promise<void> {
  const { code, last } = await gateway.drain();
  expect(code).toBe(0);
  expect(last).toMatchObject({ msg: 'drained', unaccounted: 0, dropped: 0 });
}

/** The errors of the sink that the log tells. */
export function errorsOf(gateway: GatewayProcess): string[] {
  return gateway.log.filter(({ msg }) => msg === 'sink error').map((line) => line['error'] as string);
}
