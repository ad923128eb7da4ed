/**
 * Whether the ingest port takes connections: not while descriptors are short, and not any more once it is closed for good, which is when
 * others share the port. Main thread.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Totals } from '../stream/totals.ts';
import type { DescriptorGuard } from './descriptor-guard.ts';

/** What a listener can do. */
interface Port {
  pause(): void;
  resume(): boolean;
  retire(): Promise<void>;
}

/** How often it is looked whether there are descriptors again. */
const acceptRetryMs = 250;

/** Handshakes that are under way when the port is closed: how long they may take, and how often it is looked whether they are over. */
const handshakesMs = { most: 5_000, look: 20 } as const;

export class PortGate {
  private readonly port: Port;
  private readonly descriptors: DescriptorGuard;
  private readonly totals: Totals;
  private readonly clock: () => number;
  private resumer: NodeJS.Timeout | null = null;
  private isClosed = false;

  constructor(port: Port, descriptors: DescriptorGuard, totals: Totals, clock: () => number) {
    this.port = port;
    this.descriptors = descriptors;
    this.totals = totals;
    this.clock = clock;
  }

  /** No connection is accepted until descriptors are free. */
  get isPaused(): boolean {
    return this.resumer !== null;
  }

  /** A connection was accepted: takes no more when descriptors run out. */
  accepted(): void {
    if (this.descriptors.accepted(this.clock()) || this.isPaused || this.isClosed) return;
    this.totals.acceptPauses++;
    this.port.pause();
    this.resumer = setInterval(() => {
      if (this.descriptors.hasRoom(this.clock()) && this.port.resume()) this.stop();
    }, acceptRetryMs);
  }

  /** Takes no further connection. Resolves when those that were made are streams, or have had their time to become some. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.stop();
    await this.port.retire();
    const endMs = this.clock() + handshakesMs.most;
    while (this.totals.connectionsPending > 0 && this.clock() < endMs) await sleep(handshakesMs.look);
  }

  /** Does not look for descriptors any more. */
  stop(): void {
    if (this.resumer !== null) clearInterval(this.resumer);
    this.resumer = null;
  }
}
