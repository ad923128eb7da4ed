/**
 * The metrics of several processes as those of one. Each metric says how: counters and histograms are added up, and so are gauges of what
 * there is so much of; a state is the worst or the best one; what belongs to one process or thread stays by itself, under a label
 * `process`. What a process has counted stays counted when it is gone, or sums would go backwards. Main thread of the parent.
 */
import { Registry } from 'prom-client';

/** How values of several processes become one; `each`: not at all. `farthest`: the one that is farthest from 0. */
export type Aggregation = 'sum' | 'max' | 'min' | 'average' | 'farthest' | 'each';

interface Value {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Of a part of a histogram. */
  readonly metricName?: string;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregation: Aggregation;
  readonly values: readonly Value[];
}

/** All metrics of a process at one moment: plain data. */
export type Snapshot = readonly Family[];

/** `process`: its number, or what stands for it. */
export interface ProcessSnapshot {
  readonly process: string;
  readonly snapshot: Snapshot;
}

const combine: Readonly<Record<Aggregation, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  max: (values) => Math.max(...values),
  min: (values) => Math.min(...values),
  average: (values) => combine.sum(values) / values.length,
  farthest: (values) => values.reduce((worst, value) => (Math.abs(value) > Math.abs(worst) ? value : worst)),
  // One process, one value.
  each: (values) => values[0]!,
};

function keyOf({ labels, metricName = '' }: Value): string {
  return JSON.stringify([metricName, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** Families in the order in which they are met first. */
export function aggregate(processes: readonly ProcessSnapshot[]): Snapshot {
  const families = new Map<string, { readonly family: Family; readonly values: Map<string, Value[]> }>();
  for (const { process, snapshot } of processes) {
    for (const family of snapshot) {
      const met = families.get(family.name) ?? { family, values: new Map<string, Value[]>() };
      families.set(family.name, met);
      for (const value of family.values) {
        const own = family.aggregation === 'each' ? { ...value, labels: { ...value.labels, process } } : value;
        const key = keyOf(own);
        const values = met.values.get(key);
        if (values === undefined) met.values.set(key, [own]);
        else values.push(own);
      }
    }
  }
  return Array.from(families.values(), ({ family, values }) => {
    const of = combine[family.aggregation];
    const combined = Array.from(values.values(), (all) => ({ ...all[0]!, value: of(all.map(({ value }) => value)) }));
    return { ...family, values: combined };
  });
}

/** What stays of a process that is gone: sums of what it has counted. */
export function countsOf(snapshot: Snapshot): Snapshot {
  return snapshot.filter(({ type, aggregation }) => type !== 'gauge' && aggregation === 'sum');
}

/** What a scrape gets to read. */
export const contentType: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** The Prometheus text. */
export function textOf(snapshot: Snapshot): Promise<string> {
  const registry = new Registry();
  for (const family of snapshot) registry.registerMetric({ ...family, get: () => Promise.resolve(family) } as never);
  return registry.metrics();
}
