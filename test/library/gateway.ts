/**
 * A user's program with the gateway in it: prints every event as a line of JSON; one worker reads all participants as they
 * come, another one sleeps and comes too late for most of it. Ends with the account on SIGTERM.
 */
import { Worker } from 'node:worker_threads';
import { productModule } from '../support/product-module.ts';

const { startGateway } = await productModule<typeof import('../../src/index.ts')>('index');

function print(event: string, data: unknown): void {
  process.stdout.write(`${JSON.stringify({ event, data })}\n`);
}

const gateway = await startGateway({
  port: 0,
  adminPort: 0,
  workers: 1,
  logLevel: 'silent',
  readers: ['quick', 'slow'],
  sink: process.argv.slice(2),
});

const workers = (['quick', 'slow'] as const).map((name) => {
  const worker = new Worker(new URL('./reader.worker.ts', import.meta.url), { workerData: name });
  worker.on('message', (read) => print(name, read));
  return { name, worker };
});

gateway.on('stream', (stream) => print('stream', stream));
gateway.on('format', (format) => print('format', format));
gateway.on('dtmf', (tone) => print('dtmf', tone));
gateway.on('participantEnded', (track, report) => print('participantEnded', { ...track, ...report }));
gateway.on('streamEnded', (record) => print('streamEnded', record));
gateway.on('stall', (stall) => print('stall', stall));
gateway.on('stallEnded', (stall) => print('stallEnded', stall));
gateway.on('recording', (recording) => print('recording', recording));
gateway.on('failed', ({ code, message }) => print('failed', { code, message }));
gateway.on('participant', (participant) => {
  print('participant', participant);
  for (const { name, worker } of workers) worker.postMessage(participant.ring(name));
});
print('listening', { port: gateway.port, adminPort: gateway.adminPort });

process.once('SIGTERM', async () => {
  print('stopped', await gateway.stop());
  for (const { worker } of workers) await worker.terminate();
});
