/**
 * Where metrics become prom-client's. A metric here is a function that reads a plain number when `/metrics` is scraped; no
 * stage knows that it is measured. Main thread.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import type { Aggregation, Family, Snapshot } from './aggregate.ts';

export const metricPrefix = 'acs_gateway_';

/** A value for each combination of labels; one entry without labels for a metric that has none. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

type Read = () => readonly Sample[];

export class Metrics {
  private readonly registry = new Registry();
  /** By name; what has none is a sum. */
  private readonly aggregations = new Map<string, Aggregation>();

  /** A counter whose total is known elsewhere. `aggregation`, here and below: with `--processes`. */
  counter(name: string, help: string, labelNames: readonly string[], read: Read, aggregation?: 'each'): void {
    this.add(Counter, metricPrefix + name, help, labelNames, read, aggregation);
  }

  gauge(name: string, help: string, labelNames: readonly string[], read: Read, aggregation?: Aggregation): void {
    this.add(Gauge, metricPrefix + name, help, labelNames, read, aggregation);
  }

  /** Of each process, under a name that is the same for all programs, without our prefix. */
  standardCounter(name: string, help: string, read: Read): void {
    this.add(Counter, name, help, [], read, 'each');
  }

  standardGauge(name: string, help: string, read: Read): void {
    this.add(Gauge, name, help, [], read, 'each');
  }

  /** The value is set anew for every scrape. */
  private add(
    Metric: typeof Counter | typeof Gauge,
    name: string,
    help: string,
    labelNames: readonly string[],
    read: Read,
    aggregation: Aggregation = 'sum',
  ): void {
    this.aggregations.set(name, aggregation);
    new Metric({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect(this: Counter | Gauge) {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }

  /** A histogram whose buckets are counted elsewhere. */
  histogram(
    name: string,
    help: string,
    labelNames: readonly string[],
    bounds: readonly number[],
    read: () => readonly HistogramReading[],
    aggregation: 'sum' | 'each' = 'sum',
  ): void {
    this.aggregations.set(metricPrefix + name, aggregation);
    this.registry.registerMetric(new CountedHistogram(metricPrefix + name, help, labelNames, bounds, read) as never);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The Prometheus text. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** The same as plain data, for a process that adds up several. */
  async snapshot(): Promise<Snapshot> {
    const metrics = (await this.registry.getMetricsAsJSON()) as unknown as Omit<Family, 'aggregation'>[];
    return metrics.map(({ name, help, type, values }) => {
      return { name, help, type, aggregation: this.aggregations.get(name) ?? 'sum', values };
    });
  }
}

export interface HistogramReading {
  readonly labels: Readonly<Record<string, string>>;
  /** One entry per bound and one more for everything above; not cumulative. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
}

/** prom-client's own Histogram observes single values; this one takes whole buckets. */
class CountedHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly labelNames: readonly string[];
  private readonly bounds: readonly number[];
  private readonly read: () => readonly HistogramReading[];

  constructor(
    name: string,
    help: string,
    labelNames: readonly string[],
    bounds: readonly number[],
    read: () => readonly HistogramReading[],
  ) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.bounds = bounds;
    this.read = read;
  }

  get() {
    const { name, help, type, bounds } = this;
    const values: { labels: Record<string, string | number>; value: number; metricName: string }[] = [];
    for (const { labels, counts, sum } of this.read()) {
      let cumulative = 0;
      for (let i = 0; i <= bounds.length; i++) {
        cumulative += counts[i] ?? 0;
        values.push({
          labels: { ...labels, le: bounds[i] ?? '+Inf' },
          value: cumulative,
          metricName: `${name}_bucket`,
        });
      }
      values.push({ labels: { ...labels }, value: sum, metricName: `${name}_sum` });
      values.push({ labels: { ...labels }, value: cumulative, metricName: `${name}_count` });
    }
    return Promise.resolve({ name, help, type, values });
  }
}
