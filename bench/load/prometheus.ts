/** Prometheus' text format, as far as it is needed to read the gateway's counters. Pure. */
import type { Buckets } from './histogram.ts';

const linePattern = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const labelPattern = /(\w+)="((?:[^"\\]|\\.)*)"/g;

interface Series {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

function bound(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text);
}

export class Scrape {
  private readonly series: Series[] = [];

  constructor(text: string) {
    for (const line of text.split('\n')) {
      const match = linePattern.exec(line);
      if (match === null) continue;
      const labels = Array.from((match[2] ?? '').matchAll(labelPattern), ([, key, value]) => [key!, value!] as const);
      this.series.push({ name: match[1]!, labels: new Map(labels), value: Number(match[3]) });
    }
  }

  /** The sum of all series of this name. Throws when there is none: a metric that was renamed must not read as 0. */
  sum(name: string): number {
    const found = this.series.filter((series) => series.name === name);
    if (found.length === 0) throw new Error(`the gateway has no metric ${name}`);
    return found.reduce((sum, { value }) => sum + value, 0);
  }

  /** What is not 0, by the value of a label. */
  by(name: string, label: string): Record<string, number> {
    const found = this.series.filter((series) => series.name === name && series.value !== 0);
    return Object.fromEntries(found.map(({ labels, value }) => [labels.get(label) ?? '', value]));
  }

  /** A histogram, all its series together, with bounds multiplied by `scale`. */
  buckets(name: string, scale: number): Buckets {
    const cumulative = new Map<number, number>();
    for (const series of this.series) {
      if (series.name !== `${name}_bucket`) continue;
      const upper = bound(series.labels.get('le') ?? '');
      cumulative.set(upper, (cumulative.get(upper) ?? 0) + series.value);
    }
    if (cumulative.size === 0) throw new Error(`the gateway has no histogram ${name}`);
    const sorted = [...cumulative].sort(([a], [b]) => a - b);
    return {
      bounds: sorted.map(([upper]) => upper * scale),
      counts: sorted.map(([, count], i) => count - (sorted[i - 1]?.[1] ?? 0)),
    };
  }
}
