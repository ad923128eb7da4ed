/** What speaking may cost, and how soon it must be done, and whether it is. Pure. */
import { rivalLabels } from '../load/labels.ts';
import type { Target } from '../load/targets.ts';
import type { Measure, Row } from '../report/result.ts';
import { gatewayLabel, nameOf, silentLabel } from './labels.ts';

type Find = (name: string, column: string) => Measure | undefined;

const both = nameOf('speaks', gatewayLabel);
const hears = nameOf('hears', gatewayLabel);
const silent = nameOf('may speak', silentLabel);
const bareBoth = nameOf('speaks', rivalLabels.bare);
const sampleBoth = nameOf('speaks', rivalLabels.sample);
const sent = 'CPU per frame sent';

interface Ratio {
  readonly name: string;
  readonly of: readonly [row: string, column: string];
  readonly by: readonly [row: string, column: string];
  readonly atMost: number;
}

const ratios: readonly Ratio[] = [
  { name: `${sent} / per frame received`, of: [both, sent], by: [hears, 'CPU'], atMost: 0.45 },
  { name: `${sent} / that of ${rivalLabels.sample}`, of: [both, sent], by: [sampleBoth, sent], atMost: 0.35 },
  { name: `both ways / ${rivalLabels.bare}`, of: [both, 'CPU'], by: [bareBoth, 'CPU'], atMost: 1.3 },
  { name: 'hearing, may speak and does not / cannot', of: [silent, 'CPU'], by: [hears, 'CPU'], atMost: 1.02 },
];

interface Figure {
  readonly column: string;
  readonly atMost: number;
  readonly unit: string;
  /** Of the samples of all repetitions. */
  readonly of: (measure: Measure) => number;
}

const median = ({ median }: Measure): number => median;
const total = ({ samples }: Measure): number => samples.reduce((sum, value) => sum + value, 0);

const figures: readonly Figure[] = [
  { column: 'underruns', atMost: 0, unit: '', of: total },
  { column: 'lateness p99', atMost: 10, unit: 'ms', of: median },
  { column: 'clear p50', atMost: 1, unit: 'ms', of: median },
  { column: 'clear p99', atMost: 10, unit: 'ms', of: median },
];

interface Memory {
  readonly name: string;
  readonly of: string;
  readonly atMost: number;
}

const memories: readonly Memory[] = [
  { name: 'memory of a stream that may speak and does not', of: silent, atMost: 1 },
  { name: 'memory of a stream that speaks answers of 3 s', of: both, atMost: 120 },
];

/** All targets of the benchmark, with what these rows say of them. */
export function duplexTargets(rows: readonly Row[]): Target[] {
  const find: Find = (name, column) => rows.find((row) => row.name === name)?.measures[column];
  return [
    ...ratios.map(({ name, of, by, atMost }): Target => {
      const [ours, theirs] = [find(...of), find(...by)];
      const value = ours === undefined || theirs === undefined ? null : ours.median / theirs.median;
      return { name, atMost, unit: '', value };
    }),
    ...figures.map(({ column, atMost, unit, of }): Target => {
      const ours = find(both, column);
      return { name: column, atMost, unit, value: ours === undefined ? null : of(ours) };
    }),
    ...memories.map(({ name, of, atMost }): Target => {
      const [with_, without] = [find(of, 'RSS per stream'), find(hears, 'RSS per stream')];
      const value = with_ === undefined || without === undefined ? null : with_.median - without.median;
      return { name, atMost, unit: 'KB', value };
    }),
  ];
}
