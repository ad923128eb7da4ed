/** The load generator, seen from the benchmark. */
import { Child } from './child.ts';
import type { GeneratorReport, Plan } from './plan.ts';

const connectDeadlineMs = 60_000;
const stopDeadlineMs = 70_000;

export class GeneratorProcess {
  protected readonly child: Child;

  constructor(entry = new URL('./generator-entry.ts', import.meta.url), args: readonly string[] = []) {
    this.child = new Child({ name: 'the load generator', file: entry.pathname, args, isForked: true });
  }

  /** Opens all streams. Throws when the server refuses one, or the limit of open files is too low. */
  connect(plan: Plan): Promise<void> {
    return this.child.ask('connect', plan, connectDeadlineMs);
  }

  start(): Promise<void> {
    return this.child.ask('start');
  }

  mark(): Promise<void> {
    return this.child.ask('mark');
  }

  stop(): Promise<void> {
    return this.child.ask('stop', null, stopDeadlineMs);
  }

  /** Closes all streams. */
  close(): Promise<void> {
    return this.child.ask('close');
  }

  report(): Promise<GeneratorReport> {
    return this.child.ask('report');
  }

  async end(): Promise<void> {
    await this.child.end();
  }

  kill(): void {
    this.child.kill();
  }
}
