/** What the gateway measured beside what the simulator sent, each in a process of its own. */
import { onTestFinished } from 'vitest';
import type { SimulationReport } from '../../src/simulator/report.ts';
import { eventually, GatewayProcess } from './gateway-process.ts';
import { type SimulatorProcess, startSimulator } from './simulator-process.ts';

export type Metrics = ReadonlyMap<string, number>;
/** A participant in the record of an ended stream. */
export type ParticipantRecord = Readonly<Record<string, number>>;

export interface Measured {
  readonly report: SimulationReport;
  /** After the last call. */
  readonly metrics: Metrics;
  /** Of each call in `report.perCall`, in its order. */
  readonly participants: readonly (readonly ParticipantRecord[])[];
}

export async function startGateway(...flags: readonly string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start('--workers', '1', ...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

/** Waits for the end of the calls and collects what both sides say. */
export async function collect(gateway: GatewayProcess, simulator: SimulatorProcess): Promise<Measured> {
  const report = await simulator.report;
  await eventually(async () => (await gateway.streams()).length === 0);
  const metrics = await gateway.metrics();
  await gateway.drain();
  const ended = gateway.log.filter((line) => line.msg === 'stream ended');
  const participants = report.perCall.map(({ callConnectionId }) => {
    const record = ended.find((line) => line['callConnectionId'] === callConnectionId);
    return record!['participants'] as ParticipantRecord[];
  });
  return { report, metrics, participants };
}

export async function measureRun(...flags: readonly string[]): Promise<Measured> {
  const gateway = await startGateway();
  return collect(gateway, startSimulator(gateway.url, ...flags));
}

/** What the gateway counted of frames, under the names that the simulator has for it. */
export function frameCounts(metrics: Metrics) {
  return {
    frames: metrics.get('frames_committed_total'),
    silentFrames: metrics.get('frames_silent_total'),
    missingFrames: metrics.get('frames_missing_total'),
    gaps: metrics.get('gaps_total'),
    duplicateFrames: metrics.get('frames_duplicate_total'),
    outOfOrderFrames: metrics.get('frames_out_of_order_total'),
  };
}

/** The counts of a histogram: one per bound, and one for all above. */
export function histogram(metrics: Metrics, name: string, boundsMs: readonly number[], labels = ''): number[] {
  const upTo = [...boundsMs.map((ms) => String(ms / 1000)), '+Inf'].map((le) => {
    const cumulative = metrics.get(`${name}_bucket{${labels}le="${le}"}`);
    if (cumulative === undefined) throw new Error(`${name} has no bucket up to ${le} s`);
    return cumulative;
  });
  return upTo.map((count, i) => count - (upTo[i - 1] ?? 0));
}

/** Observations above a bound. */
export function countAbove(metrics: Metrics, name: string, boundMs: number, labels = ''): number {
  const [, above] = histogram(metrics, name, [boundMs], labels);
  return above!;
}

export function total(counts: readonly number[]): number {
  return counts.reduce((sum, n) => sum + n, 0);
}

export function mean(values: readonly number[]): number {
  return total(values) / values.length;
}

/** Kolmogorov-Smirnov: the largest difference between the shares of values up to any bound. */
export function distance(a: readonly number[], b: readonly number[]): number {
  const shares = (counts: readonly number[]) => counts.map((_, i) => total(counts.slice(0, i + 1)) / total(counts));
  const ofB = shares(b);
  return Math.max(...shares(a).map((share, i) => Math.abs(share - ofB[i]!)));
}

/** The mean J of every participant, as measured and as sent. */
export function meanJitters({ report, participants }: Measured): { measured: number; sent: number }[] {
  return report.perCall.flatMap(({ asSent }, call) =>
    asSent.map(({ jitterMeanMs }, i) => ({
      measured: participants[call]![i]!['jitterMeanMs']!,
      sent: jitterMeanMs,
    })),
  );
}
