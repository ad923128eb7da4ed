/** The dialer, seen from the benchmark. */
import { Child } from '../child.ts';
import type { Dialed, DialOrder, DialPlan } from './dialer.ts';

const openDeadlineMs = 180_000;

export class DialerProcess {
  private readonly child: Child;

  constructor() {
    const file = new URL('./dialer-entry.ts', import.meta.url).pathname;
    this.child = new Child({ name: 'the dialer', file, isForked: true });
  }

  plan(plan: DialPlan): Promise<void> {
    return this.child.ask('plan', plan);
  }

  /** Throws when a stream is refused. */
  open(order: DialOrder): Promise<Dialed> {
    return this.child.ask('open', order, openDeadlineMs);
  }

  /** All that are open. */
  close(): Promise<void> {
    return this.child.ask('close');
  }

  async end(): Promise<void> {
    await this.child.end();
  }

  kill(): void {
    this.child.kill();
  }
}
