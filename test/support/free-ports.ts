/**
 * Ports for servers that must be told theirs. Below those that the kernel gives to whoever asks for any port, and to each connection
 * that a test makes, or one of these could take it before the server does; and each worker of the tests has its own.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

const [lowest, perWorker, workersMax] = [16_000, 800, 20];
const worker = Number(process.env['VITEST_POOL_ID'] ?? process.pid) % workersMax;
let next = Math.floor(Math.random() * perWorker);

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const isListening = await Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ]).catch(() => false);
  if (isListening) await once(server.close(), 'close');
  return isListening;
}

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < perWorker; tries++) {
    const port = lowest + perWorker * worker + (next++ % perWorker);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${lowest + perWorker * worker} on is free`);
}

export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}
