/** Measurements as rows of the result: what a chain of proxy and server costs, together and each. Pure. */
import { type Measure, measure, type Row } from '../../report/result.ts';
import type { Measurement } from '../measurement.ts';
import { rowOf } from '../rows.ts';
import type { ConnectionsMeasurement, Parts } from './connections.ts';

const kilobyte = 1000;

/** Of the rows of `bench:load`, as they are there. */
const kept = [
  'main thread',
  'residence p50',
  'residence p99',
  'residence p99.9',
  'drops',
  'warm-up drops',
  'generator CPU',
  'generator lateness p99',
  'unsent',
];

/** Server and proxy together. */
export function chainUsPerFrame(one: Measurement): number {
  return (one.userUs + one.systemUs + one.proxyUserUs + one.proxySystemUs) / one.frames;
}

function suiteRemarks(all: readonly { readonly suite: string | null }[]): string[] {
  return [...new Set(all.flatMap(({ suite }) => suite ?? []))];
}

/** One sample for each measurement. At least one is needed. */
export function framesRow(name: string, all: readonly Measurement[]): Row {
  const { measures, remarks } = rowOf(name, all);
  const of = (value: (one: Measurement) => number): Measure => measure('µs/frame', 'lower', all.map(value));
  const isProxied = all.some(({ hasProxy }) => hasProxy);
  const others = kept.flatMap((column) => {
    const found = measures[column];
    return found === undefined ? [] : [[column, found] as const];
  });
  return {
    name,
    measures: {
      'frames/s': measures['frames/s']!,
      CPU: of(chainUsPerFrame),
      user: of((one) => (one.userUs + one.proxyUserUs) / one.frames),
      system: of((one) => (one.systemUs + one.proxySystemUs) / one.frames),
      server: measures['CPU']!,
      ...(isProxied && { proxy: of((one) => (one.proxyUserUs + one.proxySystemUs) / one.frames) }),
      ...Object.fromEntries(others),
    },
    remarks: [...suiteRemarks(all), ...remarks],
  };
}

function sum({ server, proxy }: Parts): number {
  return server + proxy;
}

/** One sample for each measurement. At least one is needed. */
export function connectionsRow(name: string, all: readonly ConnectionsMeasurement[]): Row {
  const of = (unit: string, better: Measure['better'], value: (one: ConnectionsMeasurement) => number): Measure =>
    measure(unit, better, all.map(value));
  const isProxied = all.some(({ newUs }) => newUs.proxy > 0);
  const isResumable = all.every(({ resumedUs }) => resumedUs !== null);
  return {
    name,
    measures: {
      CPU: of('µs/connection', 'lower', ({ newUs }) => sum(newUs)),
      server: of('µs/connection', 'lower', ({ newUs }) => newUs.server),
      ...(isProxied && { proxy: of('µs/connection', 'lower', ({ newUs }) => newUs.proxy) }),
      'connections per core': of('/s', 'higher', ({ newUs }) => 1e6 / sum(newUs)),
      ...(isResumable && {
        'CPU, resumed': of('µs/connection', 'lower', ({ resumedUs }) => sum(resumedUs!)),
        'resumed per core': of('/s', 'higher', ({ resumedUs }) => 1e6 / sum(resumedUs!)),
        resumed: of('%', 'higher', ({ resumedShare }) => resumedShare * 100),
      }),
      memory: of('KB/connection', 'lower', ({ bytes }) => sum(bytes) / kilobyte),
      ...(isProxied && { 'memory, proxy': of('KB/connection', 'lower', ({ bytes }) => bytes.proxy / kilobyte) }),
    },
    remarks: suiteRemarks(all),
  };
}
