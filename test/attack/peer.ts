/** An attacker's connection: raw TCP from an address of its own on loopback, as fast as it goes. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverFrames } from '../fuzz/frame.ts';
import { upgradeRequest } from '../fuzz/raw-peer.ts';

/** Whoever attacks has another address than those who call. */
let attackerAddress = '127.0.0.66';

/** Attackers that attack together have an address each: the debts of one are not to keep the others out. */
export function attackFrom(address: string): void {
  attackerAddress = address;
}

/** What became of an attacker. */
export interface Fate {
  connections: number;
  /** Connections that became a stream, and those that were answered with another status. */
  streams: number;
  refused: Record<string, number>;
  /** Closing codes of streams; 1006: cut off. */
  closed: Record<string, number>;
  /** What else there is to say. */
  readonly notes: Record<string, number | string>;
}

export function noFate(): Fate {
  return { connections: 0, streams: 0, refused: {}, closed: {}, notes: {} };
}

function count(counts: Record<string, number>, key: string | number): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** Null when the connection is refused. */
export function dial(port: number, fate: Fate, localAddress = attackerAddress): Promise<Socket | null> {
  fate.connections++;
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.once('error', () => resolve(null));
    socket.once('connect', () => {
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/** A stream, or null when it is refused. */
export async function openStream(port: number, fate: Fate, headers: readonly string[] = []): Promise<Socket | null> {
  const socket = await dial(port, fate);
  if (socket === null) {
    count(fate.refused, 'connection');
    return null;
  }
  socket.write(upgradeRequest('/audio', headers));
  const head = await new Promise<string>((resolve) => {
    socket.once('data', (data) => resolve(data.toString('latin1')));
    socket.once('close', () => resolve('cut off '));
  });
  const status = head.split(' ')[1]!;
  if (status === '101') {
    fate.streams++;
    watchEnd(socket, fate);
    return socket;
  }
  count(fate.refused, status);
  socket.destroy();
  return null;
}

/** Counts the code with which the server closes. */
function watchEnd(socket: Socket, fate: Fate): void {
  let code = 1006;
  let isOver = false;
  const over = () => {
    if (!isOver) count(fate.closed, code);
    isOver = true;
  };
  socket.on('data', (data) => {
    const close = serverFrames(data).frames.find(({ opcode }) => opcode === 8);
    if (close === undefined || isOver) return;
    code = close.payload.length < 2 ? 1005 : close.payload.readUInt16BE();
    over();
    socket.destroy();
  });
  socket.once('close', over);
}

/** Writes the same bytes as fast as they are taken, until the time is up or the connection is gone. */
export async function pour(socket: Socket, bytes: Uint8Array, untilMs: number): Promise<void> {
  while (performance.now() < untilMs && socket.writable) {
    if (socket.write(bytes)) await new Promise((resolve) => setImmediate(resolve));
    else
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          socket.off('drain', done);
          socket.off('close', done);
          resolve();
        };
        const timer = setTimeout(done, Math.max(1, untilMs - performance.now()));
        socket.once('drain', done);
        socket.once('close', done);
      });
  }
}

/** Repeats something until the time is up, in so many lines at a time. */
export async function again(lines: number, untilMs: number, act: () => Promise<unknown>): Promise<void> {
  const line = async () => {
    while (performance.now() < untilMs) {
      await act();
      await sleep(0);
    }
  };
  await Promise.all(Array.from({ length: lines }, line));
}
