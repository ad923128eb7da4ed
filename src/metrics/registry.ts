/**
 * The only importer of prom-client. A metric here is a function that reads a plain number when `/metrics` is scraped; no
 * stage knows that it is measured. Main thread.
 */
import { Counter, Gauge, Registry } from 'prom-client';

export const metricPrefix = 'acs_gateway_';

/** A value for each combination of labels; one entry without labels for a metric that has none. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

type Read = () => readonly Sample[];

export class Metrics {
  private readonly registry = new Registry();

  /** A counter whose total is known elsewhere. */
  counter(name: string, help: string, labelNames: readonly string[], read: Read): void {
    this.add(Counter, metricPrefix + name, help, labelNames, read);
  }

  gauge(name: string, help: string, labelNames: readonly string[], read: Read): void {
    this.add(Gauge, metricPrefix + name, help, labelNames, read);
  }

  /** Under a name that is the same for every process, without our prefix. */
  standardCounter(name: string, help: string, read: Read): void {
    this.add(Counter, name, help, [], read);
  }

  standardGauge(name: string, help: string, read: Read): void {
    this.add(Gauge, name, help, [], read);
  }

  /** The value is set anew for every scrape. */
  private add(
    Metric: typeof Counter | typeof Gauge,
    name: string,
    help: string,
    labelNames: readonly string[],
    read: Read,
  ): void {
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
  ): void {
    this.registry.registerMetric(new CountedHistogram(metricPrefix + name, help, labelNames, bounds, read) as never);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The Prometheus text. */
  text(): Promise<string> {
    return this.registry.metrics();
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
  readonly aggregator = 'sum';
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
    const { name, help, type, aggregator, bounds } = this;
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
    return Promise.resolve({ name, help, type, values, aggregator });
  }
}
