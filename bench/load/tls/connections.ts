/** What a connection costs a server and what stands in front of it: its handshake, new and resumed, and its memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readProcessStats, type Usage } from '../process-stats.ts';
import type { Server } from '../server.ts';
import { DialerProcess } from './dialer-process.ts';
import type { TlsKind } from './kinds.ts';

export interface ConnectionsPlan {
  /** Opened at once. */
  readonly count: number;
  readonly suites: string;
}

/** Of a server, and of the proxy in front of it (0 without one). */
export interface Parts {
  readonly server: number;
  readonly proxy: number;
}

export interface ConnectionsMeasurement {
  /** CPU of one connection: TCP, TLS, the upgrade. */
  readonly newUs: Parts;
  /** The same with the ticket of the session before; null in the clear. */
  readonly resumedUs: Parts | null;
  /** Of those with a ticket, the share that was taken up. */
  readonly resumedShare: number;
  readonly bytes: Parts;
  readonly suite: string | null;
}

interface Look {
  readonly cpuUs: Parts;
  readonly bytes: Parts;
}

/** Until what was opened, or closed, has left no work behind. */
const quietMs = 300;
/** More than are opened: those that were closed may not be gone yet. */
const streamsFactor = 3;
const sampleRate = 16_000;
const nothing: Pick<Usage, 'cpuUs' | 'rssBytes'> = { cpuUs: 0, rssBytes: 0 };

async function look(server: Server): Promise<Look> {
  await sleep(quietMs);
  const [own, proxy] = [readProcessStats(server.pid), server.proxy?.stats() ?? nothing];
  return {
    cpuUs: { server: own.cpuUs, proxy: proxy.cpuUs },
    bytes: { server: own.rssBytes, proxy: proxy.rssBytes },
  };
}

function each(from: Parts, to: Parts, count: number): Parts {
  return { server: (to.server - from.server) / count, proxy: (to.proxy - from.proxy) / count };
}

/** Opened twice before it is timed: code that was never run, and memory that was never touched, cost more. */
export async function measureConnections(kind: TlsKind, plan: ConnectionsPlan): Promise<ConnectionsMeasurement> {
  const { count, suites } = plan;
  const server = await kind.start({ streams: count * streamsFactor, participants: 1, sampleRate, isVerified: false });
  const dialer = new DialerProcess();
  try {
    const { port, path, isTls = false } = server;
    await dialer.plan({ port, path, isTls, suites });
    const bytes = await memoryOf(server, dialer, count);
    const { cost: newUs } = await timed(server, dialer, count, false);
    const again = isTls ? await timed(server, dialer, count, true) : null;
    await dialer.end();
    await server.end();
    return {
      newUs,
      resumedUs: again?.cost ?? null,
      resumedShare: (again?.resumed ?? 0) / count,
      bytes,
      suite: again?.suite ?? null,
    };
  } catch (error) {
    dialer.kill();
    server.kill();
    throw error;
  }
}

/** Of the second half: the first one also has what a process needs once. */
async function memoryOf(server: Server, dialer: DialerProcess, count: number): Promise<Parts> {
  const half = Math.ceil(count / 2);
  await dialer.open({ count: half, isReturning: false });
  const from = await look(server);
  await dialer.open({ count: half, isReturning: false });
  const to = await look(server);
  await dialer.close();
  return each(from.bytes, to.bytes, half);
}

async function timed(server: Server, dialer: DialerProcess, count: number, isReturning: boolean) {
  const from = await look(server);
  const { resumed, suite } = await dialer.open({ count, isReturning });
  const to = await look(server);
  await dialer.close();
  return { cost: each(from.cpuUs, to.cpuUs, count), resumed, suite };
}
