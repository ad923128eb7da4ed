/**
 * A user's program that speaks into every call that it is sent, from threads of its own; told what to say by `--speech`, the rest of
 * its flags are settings. Logs what became of each utterance as a line `utterance`. SIGTERM drains it; after `stopped` it has nothing left
 * to do, and says what is still waited for.
 */
import { Worker } from 'node:worker_threads';
import type { PlaybackWriter } from '../../src/index.ts';
import { productModule } from './product-module.ts';
import { generator, seed } from './seed.ts';
import type { SpeakerOrder, Speech, Spoken } from './speaking-gateway.worker.ts';

const { startGateway, PlaybackWriter: Writer } = await productModule<typeof import('../../src/index.ts')>('index');

const threadCount = 2;
const clearEveryMs = 40;

// Behind `serve`.
const settings: Record<string, string | number> = {};
for (let i = 3; i < process.argv.length; i += 2) {
  const name = process.argv[i]!.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const value = process.argv[i + 1]!;
  settings[name] = /^\d+$/.test(value) ? Number(value) : value;
}
const { speech = 'scene', clears = 0, ...options } = settings;

function log(line: object): void {
  console.log(JSON.stringify(line));
}

/** Conversations that are not over, by thread; a thread says when one is. */
let conversations = 0;
const threads = Array.from({ length: threadCount }, () => {
  const thread = new Worker(new URL('./speaking-gateway.worker.ts', import.meta.url));
  thread.on('message', (message: Spoken | { readonly msg: 'conversation over' }) => {
    if (message.msg === 'utterance') log(message);
    else conversations--;
  });
  return thread;
});

const gateway = await startGateway(options);
const writers = new Map<string, PlaybackWriter>();
let next = 0;
gateway.on('stream', (stream) => {
  try {
    const handle = stream.playback();
    writers.set(stream.id, new Writer(handle));
    const order: SpeakerOrder = { handle, speech: speech as Speech, seed: seed + next };
    conversations++;
    threads[next++ % threadCount]!.postMessage(order);
  } catch (error) {
    log({ msg: 'not spoken to', code: (error as { code?: string }).code });
  }
});
gateway.on('streamEnded', ({ id }) => writers.delete(id));
log({ msg: 'listening', port: gateway.port, adminPort: gateway.adminPort });

// Interrupts anybody: another thread than the one that writes.
const random = generator(seed);
const interrupter = setInterval(() => {
  if (random() < Number(clears)) [...writers.values()][Math.floor(random() * writers.size)]?.clear();
}, clearEveryMs);

process.once('SIGTERM', async () => {
  const { isExact, streamsCut, account } = await gateway.stop();
  clearInterval(interrupter);
  for (let n = 0; n < 100 && conversations > 0; n++) await new Promise((resolve) => setTimeout(resolve, 50));
  await Promise.all(threads.map((thread) => thread.terminate()));
  log({ msg: isExact ? 'drained' : 'drained, but inexact', streamsCut, ...account, conversations });
  process.exitCode = isExact ? 0 : 1;
});
