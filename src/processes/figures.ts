/** What the one admin port tells of all processes. Main thread of the parent. */
import { createBudget, type Figures } from '../admin/figures.ts';
import { aggregate, contentType, countsOf, type ProcessSnapshot, type Snapshot, textOf } from '../metrics/aggregate.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { Readiness } from '../socket/upgrade.ts';
import type { GatewayProcess } from './gateway-process.ts';

export interface ProcessesFiguresOptions {
  /** The parent's own. */
  readonly metrics: Metrics;
  /** Those that take streams, then those that were replaced and have calls left. */
  readonly processes: () => {
    readonly current: readonly GatewayProcess[];
    readonly retiring: readonly GatewayProcess[];
  };
  readonly isDraining: () => boolean;
}

/** The best counts: a stream that comes is taken if one process is ready. */
const best: readonly Readiness[] = ['ready', 'full', 'degraded', 'starting', 'draining'];

/** Of processes that take no further stream. */
const capacity = 'acs_gateway_stream_capacity';

/** What the last scrape asks, of processes that have all ended: whether they drained, and what was left of their calls. */
const endStates = new Set(['acs_gateway_draining', 'acs_gateway_streams_active']);

export class ProcessesFigures implements Figures {
  readonly budget = createBudget();
  readonly contentType = contentType;
  private readonly options: ProcessesFiguresOptions;
  /** What processes that are gone have counted. */
  private past: Snapshot = [];
  /** The states in which processes ended, of a drain of all. */
  private readonly ends: ProcessSnapshot[] = [];
  private readonly counted = new WeakSet<GatewayProcess>();

  constructor(options: ProcessesFiguresOptions) {
    this.options = options;
  }

  /** It is gone: what it has counted, as far as it is known, stays. */
  retire(process: GatewayProcess): void {
    if (this.counted.has(process)) return;
    this.counted.add(process);
    const processes = [{ process: 'past', snapshot: this.past }];
    if (process.metrics !== null) processes.push({ process: 'past', snapshot: countsOf(process.metrics) });
    this.past = aggregate(processes);
    if (process.metrics === null || !this.options.isDraining()) return;
    const snapshot = process.metrics.filter(({ name }) => endStates.has(name));
    this.ends.push({ process: String(process.number), snapshot });
  }

  async metrics(): Promise<string> {
    const { current, retiring } = this.options.processes();
    const all = [...current, ...retiring];
    const [own] = await Promise.all([this.options.metrics.snapshot(), ...all.map(read)]);
    // One that is gone since then is part of the past.
    const snapshots = all.flatMap((process) => {
      const { metrics } = process;
      if (metrics === null || this.counted.has(process)) return [];
      const snapshot = retiring.includes(process) ? metrics.filter(({ name }) => name !== capacity) : metrics;
      return [{ process: String(process.number), snapshot }];
    });
    const rest = [{ process: 'parent', snapshot: own }, { process: 'past', snapshot: this.past }, ...this.ends];
    return textOf(aggregate([...snapshots, ...rest]));
  }

  async *streams(): AsyncGenerator<string> {
    const { current, retiring } = this.options.processes();
    for (const process of [...current, ...retiring]) yield* process.streams();
  }

  async stream(id: string): Promise<string | null> {
    const { current, retiring } = this.options.processes();
    const answers = await Promise.all([...current, ...retiring].map((process) => process.ask('stream', id)));
    return answers.find((answer) => typeof answer === 'string') ?? null;
  }

  /** Of the process that has the best answer, without waiting for the others if that is `ready`. */
  async readiness(): Promise<Readiness> {
    if (this.options.isDraining()) return 'draining';
    const asked = this.options.processes().current.map(async (process): Promise<Readiness> => {
      return (await process.ask('readiness')) ?? 'starting';
    });
    const ready = asked.map(async (answer) => {
      if ((await answer) !== 'ready') throw new Error('not this one');
      return 'ready' as const;
    });
    return Promise.any(ready).catch(async () => {
      const answers = await Promise.all(asked);
      return best.find((readiness) => answers.includes(readiness)) ?? 'starting';
    });
  }
}

/** One that does not answer stands with what it said before: sums must not go backwards. */
async function read(process: GatewayProcess): Promise<void> {
  process.metrics = (await process.ask('metrics')) ?? process.metrics;
}
