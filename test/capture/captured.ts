/** Captures made by real gateways and played into others, and what they counted. */
import { onTestFinished } from 'vitest';
import type { ReplayReport } from '../../src/simulator/replay-report.ts';
import { eventually, GatewayProcess, type LogLine, runCommand } from '../support/gateway-process.ts';
import type { Metrics } from '../support/measurement.ts';

/** What a gateway counts of messages and frames: everything that does not depend on when it looked. */
const counted =
  /^(messages_(received_)?total|received_bytes_total|messages_dropped_total|frames_\w+_total|pcm_bytes_total|gaps_total|participant_pauses_total|clock_steps_total|audio_before_metadata_total|stream_resumes_total|upgrades_total|stream_closes_total)(\{|$)/;

export function counters(metrics: Metrics): Record<string, number> {
  return Object.fromEntries(Array.from(metrics).filter(([name]) => counted.test(name)));
}

export async function startCapturing(...flags: readonly string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

/** Its counters when no stream is left, and its last words. */
export async function drained(gateway: GatewayProcess): Promise<{
  readonly counters: Record<string, number>;
  readonly last: LogLine;
  readonly captured: LogLine | undefined;
}> {
  await eventually(async () => (await gateway.streams()).length === 0);
  const metrics = await gateway.metrics();
  const { last } = await gateway.drain();
  return { counters: counters(metrics), last, captured: gateway.log.find(({ msg }) => msg === 'captured') };
}

/** Plays captures as a user does. */
export async function playCapture(
  url: string,
  files: readonly string[],
  ...flags: readonly string[]
): Promise<{ readonly code: number | null; readonly report: ReplayReport; readonly stderr: string }> {
  const replay = files.flatMap((file) => ['--replay', file]);
  const { code, stdout, stderr } = await runCommand([
    'simulate',
    '--url',
    url,
    ...replay,
    '--report',
    'json',
    ...flags,
  ]);
  if (stdout === '') throw new Error(`the replay exited with ${code}: ${stderr}`);
  return { code, report: JSON.parse(stdout) as ReplayReport, stderr };
}
