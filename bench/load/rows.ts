/** The measurements of one server under one load, as a row of the result. Pure. */
import { type Measure, measure, median, type Row } from '../report/result.ts';
import { quantile } from './histogram.ts';
import type { Measurement } from './measurement.ts';

/** A share of a core from which on a process has no time left. */
export const busyShare = 0.9;
/** A load of which less than this has arrived was not reached. */
const reachedShare = 0.98;
const mebibyte = 2 ** 20;

/** In the order of the table. The floor has no residence, because it decodes nothing. */
export const columns = [
  'frames/s',
  'CPU',
  'user',
  'system',
  'main thread',
  'residence p50',
  'residence p99',
  'residence p99.9',
  'drops',
  'warm-up drops',
  'RSS',
  'RSS growth',
  'GC',
  'longest GC pause',
  'generator CPU',
  'generator lateness p99',
  'unsent',
] as const;

export function framesPerSecondOf({ frames, seconds }: Measurement): number {
  return frames / seconds;
}

export function cpuUsPerFrame({ userUs, systemUs, frames }: Measurement): number {
  return (userUs + systemUs) / frames;
}

export function mainThreadShare({ mainThreadUs, seconds }: Measurement): number {
  return mainThreadUs / 1e6 / seconds;
}

export function generatorShare({ generator }: Measurement): number {
  return generator.cpuUs / 1e6 / generator.seconds;
}

/** The generator could not send what it should have, and the server would have had time for it. */
export function isGeneratorLimit(one: Measurement): boolean {
  const isShort = one.generator.framesUnsent > 0 && mainThreadShare(one) < busyShare;
  return generatorShare(one) > busyShare || isShort;
}

/** Nobody had time left: the generator took it from the server, and the server from the generator. */
export function isMachineFull(one: Measurement): boolean {
  const serverShare = (one.userUs + one.systemUs) / 1e6 / one.seconds;
  const proxyShare = (one.proxyUserUs + one.proxySystemUs) / 1e6 / one.seconds;
  return serverShare + proxyShare + generatorShare(one) > busyShare * one.cores;
}

export function isLoadReached(one: Measurement): boolean {
  return framesPerSecondOf(one) >= one.load.framesPerSecond * reachedShare;
}

function rounded(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** What a reader must know to judge the measurements. */
export function remarksOn(all: readonly Measurement[]): string[] {
  const remarks: string[] = [];
  if (all.some(isGeneratorLimit)) {
    remarks.push('the load generator was at its limit: it, not the server, made frames late');
  }
  if (all.some(isMachineFull)) remarks.push('all cores were busy: the load generator took time from the server');
  const framesPerSecond = median(all.map(framesPerSecondOf));
  const offered = all[0]!.load.framesPerSecond;
  if (!all.every(isLoadReached)) {
    remarks.push(`the load was not reached: ${rounded(framesPerSecond)} of ${rounded(offered)} frames/s`);
  }
  const reasons = new Set(all.flatMap(({ droppedBy }) => Object.keys(droppedBy)));
  if (reasons.size > 0) remarks.push(`dropped because of ${[...reasons].join(', ')}`);
  for (const mismatch of new Set(all.flatMap((one) => one.mismatches))) {
    remarks.push(`the counts do not match: ${mismatch}`);
  }
  return remarks;
}

function residence(all: readonly Measurement[], q: number): Measure {
  return measure(
    'ms',
    'lower',
    all.map((one) => quantile(one.residence, q)),
  );
}

/** One sample for each measurement. At least one is needed. */
export function rowOf(name: string, all: readonly Measurement[]): Row {
  const of = (unit: string, better: Measure['better'], value: (one: Measurement) => number): Measure =>
    measure(unit, better, all.map(value));
  const isTimed = all.every((one) => one.residence.counts.some((count) => count > 0));
  const measures: Record<string, Measure> = {
    'frames/s': of('', 'neither', framesPerSecondOf),
    CPU: of('µs/frame', 'lower', cpuUsPerFrame),
    user: of('µs/frame', 'lower', (one) => one.userUs / one.frames),
    system: of('µs/frame', 'lower', (one) => one.systemUs / one.frames),
    'main thread': of('%', 'lower', (one) => mainThreadShare(one) * 100),
    ...(isTimed && {
      'residence p50': residence(all, 0.5),
      'residence p99': residence(all, 0.99),
      'residence p99.9': residence(all, 0.999),
    }),
    drops: of('', 'lower', (one) => one.dropped),
    'warm-up drops': of('', 'lower', (one) => one.droppedBefore),
    RSS: of('MiB', 'lower', (one) => one.rssBytes / mebibyte),
    'RSS growth': of('%', 'lower', (one) => (one.rssGrowthBytes / (one.rssBytes - one.rssGrowthBytes)) * 100),
    GC: of('%', 'lower', (one) => one.gcMs / one.seconds / 10),
    'longest GC pause': of('ms', 'lower', (one) => one.gcPauseMaxMs),
    'generator CPU': of('cores', 'neither', generatorShare),
    'generator lateness p99': of('ms', 'neither', (one) => one.generator.latenessMs.p99),
    unsent: of('', 'neither', (one) => one.generator.framesUnsent),
  };
  return { name, measures, remarks: remarksOn(all) };
}
