/** What the admin port tells of a gateway. Main thread. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Snapshot } from '../metrics/aggregate.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { Readiness } from '../socket/upgrade.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import { threadTimeMs } from '../thread/thread-time.ts';
import { TimeBudget } from './time-budget.ts';

/** Of one gateway, or of several. */
export interface Figures {
  /** What the admin port may take of this thread. */
  readonly budget: TimeBudget;
  readonly contentType: string;
  /** The Prometheus text. */
  metrics(): Promise<string>;
  /** All streams as JSON, some at a time: those of a piece with commas between them. A piece may be empty. */
  streams(): AsyncIterable<string>;
  /** One stream as JSON; null: there is none. */
  stream(id: string): Promise<string | null>;
  readiness(): Readiness | Promise<Readiness>;
}

export interface GatewayFiguresOptions {
  readonly metrics: Metrics;
  readonly registry: StreamRegistry;
  readonly readiness: () => Readiness;
  /** What each stream says beside its own. */
  readonly said?: object;
}

/** How long `/streams` may keep the main thread from its sockets at a time. */
const sliceMs = 2;

export function createBudget(): TimeBudget {
  return new TimeBudget(() => performance.now(), threadTimeMs);
}

export class GatewayFigures implements Figures {
  readonly budget = createBudget();
  readonly readiness: () => Readiness;
  private readonly source: Metrics;
  private readonly registry: StreamRegistry;
  private readonly said: object;

  constructor({ metrics, registry, readiness, said = {} }: GatewayFiguresOptions) {
    this.source = metrics;
    this.registry = registry;
    this.readiness = readiness;
    this.said = said;
  }

  get contentType(): string {
    return this.source.contentType;
  }

  metrics(): Promise<string> {
    return this.source.text();
  }

  /** The same as plain data. */
  snapshot(): Promise<Snapshot> {
    return this.budget.spend(() => this.source.snapshot());
  }

  /** Some at a time: thousands of them at once would hold the sockets up. */
  async *streams(): AsyncGenerator<string> {
    const ids = this.registry.all.map(({ id }) => id);
    for (let next = 0; next < ids.length; ) {
      const slice = await this.budget.spend(() => {
        const reports: string[] = [];
        const endMs = performance.now() + sliceMs;
        while (next < ids.length && performance.now() < endMs) {
          // It may be gone since the last turn of the loop.
          const report = this.report(ids[next++]!);
          if (report !== null) reports.push(report);
        }
        return reports.join();
      });
      yield slice;
      await nextTurn();
    }
  }

  stream(id: string): Promise<string | null> {
    return this.registry.find(id) === undefined ? Promise.resolve(null) : this.budget.spend(() => this.report(id));
  }

  private report(id: string): string | null {
    const stream = this.registry.find(id);
    return stream === undefined ? null : JSON.stringify({ ...this.said, ...this.registry.report(stream) });
  }
}
