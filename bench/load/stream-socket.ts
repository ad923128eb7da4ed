/** One stream's connection, as ACS opens it: a raw socket, because a WebSocket library costs more than all the rest. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { before } from './deadline.ts';

const openDeadlineMs = 15_000;
const host = '127.0.0.1';

/** Descriptors that the process needs for itself. */
const descriptorsReserved = 64;

function descriptorLimit(): number {
  const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return match === null ? Number.POSITIVE_INFINITY : Number(match[1]);
}

/** The most streams that one process can open, on either side. */
export function streamsMax(): number {
  return descriptorLimit() - descriptorsReserved;
}

export function assertDescriptors(streams: number): void {
  if (streams > streamsMax()) {
    throw new Error(
      `${streams} streams need more files than a process may open (${descriptorLimit()}): raise ulimit -n`,
    );
  }
}

function upgradeRequest(path: string, callConnectionId: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    `x-ms-call-connection-id: ${callConnectionId}`,
    '\r\n',
  ].join('\r\n');
}

function upgraded(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = '';
    const read = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', read);
      const [status] = head.split('\r\n');
      if (status!.startsWith('HTTP/1.1 101')) resolve();
      else reject(new Error(`the server refused a stream: ${status}`));
    };
    socket.on('data', read);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const hint = error.code === 'EMFILE' ? ': raise ulimit -n' : '';
      reject(new Error(`a stream cannot be opened: ${error.message}${hint}`));
    });
    socket.on('close', () => reject(new Error('the server closed a stream instead of accepting it')));
  });
}

/** Throws when the server refuses, or does not answer. What it sends later is thrown away. */
export async function openStream(port: number, path: string, callConnectionId: string): Promise<Socket> {
  const socket = connect({ port, host, noDelay: true });
  try {
    socket.write(upgradeRequest(path, callConnectionId));
    await before(openDeadlineMs, 'opening a stream', upgraded(socket));
    socket.resume();
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
