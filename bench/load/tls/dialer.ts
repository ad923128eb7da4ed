/**
 * Opens streams and closes them, to show what a connection costs: the first one of a caller, and one that comes back with the
 * ticket of its last session. In a process of its own.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertDescriptors, openStream, type Place } from '../stream-socket.ts';
import { isResumed, suiteOf, TlsClient } from '../tls-client.ts';

/** Few: a queue of handshakes costs memory, and there are only so many cores. */
const openingMax = 16;
/** For so long a stream that is refused with 503 is tried again: a gateway takes none while its machine is late. */
const busyMs = 20_000;
const busyPollMs = 200;

export interface DialPlan {
  readonly port: number;
  readonly path: string;
  readonly isTls: boolean;
  readonly suites: string;
}

export interface DialOrder {
  readonly count: number;
  /** They come back with their tickets. */
  readonly isReturning: boolean;
}

export interface Dialed {
  /** Of the ones that were just opened. */
  readonly resumed: number;
  /** Null in the clear. */
  readonly suite: string | null;
}

export class Dialer {
  private readonly place: Place;
  private readonly sockets: Socket[] = [];
  /** By the number of the stream. */
  private readonly tickets = new Map<number, Buffer>();

  constructor({ port, path, isTls, suites }: DialPlan) {
    this.place = { port, path, tls: isTls ? new TlsClient(suites) : null };
  }

  /** Opens so many beside those that are open. */
  async open({ count, isReturning }: DialOrder): Promise<Dialed> {
    const from = this.sockets.length;
    assertDescriptors(from + count);
    let next = from;
    const openSome = async (): Promise<void> => {
      while (next < from + count) {
        const index = next++;
        this.sockets[index] = await this.openOne(index, isReturning);
      }
    };
    await Promise.all(Array.from({ length: Math.min(openingMax, count) }, openSome));
    const opened = this.sockets.slice(from);
    return { resumed: opened.filter(isResumed).length, suite: opened[0] === undefined ? null : suiteOf(opened[0]) };
  }

  close(): void {
    for (const socket of this.sockets.splice(0)) socket.destroy();
  }

  private async openOne(index: number, isReturning: boolean): Promise<Socket> {
    const last = isReturning ? (this.tickets.get(index) ?? null) : null;
    const take = (ticket: Buffer): void => void this.tickets.set(index, ticket);
    const deadlineMs = performance.now() + busyMs;
    for (;;) {
      try {
        return await openStream(this.place, `dial-${index}`, () => {}, { last, take });
      } catch (error) {
        if (performance.now() > deadlineMs || !String(error).includes('503')) throw error;
        await sleep(busyPollMs);
      }
    }
  }
}
