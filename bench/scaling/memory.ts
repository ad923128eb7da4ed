/** What a stream costs in memory: the gateway's resident memory before any stream, and with many of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Load, planOf, settle, type Timing, withServer } from '../load/measurement.ts';
import { mismatches } from '../load/mismatch.ts';
import { readProcessStats } from '../load/process-stats.ts';
import type { ServerKind } from '../load/server.ts';
import { type Measure, measure, type Row } from '../report/result.ts';

const mebibyte = 2 ** 20;
const kilobyte = 1000;
/** Until what the start of the process has left behind is quiet. */
const quietMs = 500;

export interface MemoryMeasurement {
  readonly streams: number;
  readonly emptyBytes: number;
  readonly fullBytes: number;
  readonly mismatches: readonly string[];
}

/** With a load of 0 frames per second the streams are connected, have sent their metadata, and are silent. */
export function measureMemory(kind: ServerKind, load: Load, timing: Timing): Promise<MemoryMeasurement> {
  return withServer(kind, load, false, async (server, generator) => {
    await sleep(quietMs);
    const emptyBytes = readProcessStats(server.pid).rssBytes;
    await generator.connect(planOf(server, load));
    await generator.start();
    await sleep((timing.warmUpSeconds + timing.windowSeconds) * 1000);
    const fullBytes = readProcessStats(server.pid).rssBytes;
    await generator.stop();
    const report = await generator.report();
    const counts = await settle(server, report.framesSent);
    await generator.close();
    return { streams: load.streams, emptyBytes, fullBytes, mismatches: mismatches(report, counts, load) };
  });
}

/** One sample for each measurement. */
export function memoryRow(name: string, all: readonly MemoryMeasurement[]): Row {
  const of = (unit: string, value: (one: MemoryMeasurement) => number): Measure =>
    measure(unit, 'lower', all.map(value));
  const remarks = new Set(all.flatMap((one) => one.mismatches));
  return {
    name,
    measures: {
      'RSS per stream': of('KB', (one) => (one.fullBytes - one.emptyBytes) / one.streams / kilobyte),
      'RSS, empty': of('MiB', ({ emptyBytes }) => emptyBytes / mebibyte),
      RSS: of('MiB', ({ fullBytes }) => fullBytes / mebibyte),
    },
    remarks: [...remarks].map((mismatch) => `the counts do not match: ${mismatch}`),
  };
}
