/** Trials of one arrangement as a row of the result. Pure. */

import { type Measure, measure, type Row } from '../../report/result.ts';
import { quantile } from '../histogram.ts';
import type { Trial } from './trial.ts';
import { failuresOf, isDisturbed, isMachineFull } from './verdict.ts';

function remarksOn(all: readonly Trial[]): string[] {
  const remarks = [...new Set(all.flatMap(failuresOf))];
  if (all.some(isMachineFull)) remarks.push('all cores of the machine were busy');
  if (all.some(isDisturbed)) remarks.push('other processes kept the machine busy as well');
  for (const mismatch of new Set(all.flatMap((one) => one.mismatches))) {
    remarks.push(`the counts do not match: ${mismatch}`);
  }
  return remarks;
}

/** One sample for each trial. At least one is needed. */
export function rowOf(name: string, all: readonly Trial[]): Row {
  const of = (unit: string, better: Measure['better'], value: (one: Trial) => number): Measure =>
    measure(unit, better, all.map(value));
  const isBalanced = all.some(({ balancerRssBytes }) => balancerRssBytes > 0);
  return {
    name,
    measures: {
      streams: of('', 'neither', ({ streams }) => streams),
      'frames/s': of('', 'neither', (one) => one.frames / one.seconds),
      gateways: of('µs/frame', 'lower', (one) => one.gatewayUs / one.frames),
      ...(isBalanced && {
        HAProxy: of('µs/frame', 'lower', (one) => one.balancerUs / one.frames),
        'RSS of HAProxy': of('MiB', 'lower', (one) => one.balancerRssBytes / 2 ** 20),
      }),
      'fullest gateway': of('streams', 'neither', ({ streamsOf }) => Math.max(...streamsOf)),
      'residence p50': of('ms', 'lower', ({ residence }) => quantile(residence, 0.5)),
      'residence p99': of('ms', 'lower', ({ residence }) => quantile(residence, 0.99)),
      drops: of('', 'lower', ({ dropped }) => dropped),
      unsent: of('', 'lower', ({ unsent }) => unsent),
      'generators CPU': of('cores', 'neither', (one) => one.generatorUs / 1e6 / one.seconds),
      'generators lateness p99': of('ms', 'neither', (one) => one.generatorLatenessMs),
      'machine busy': of('cores', 'neither', ({ busyCores }) => busyCores),
      'others CPU': of('cores', 'neither', ({ othersCores }) => othersCores),
    },
    remarks: remarksOn(all),
  };
}
