/** A thread of a user's that speaks into a call: what it is told, with one writer. */
import { parentPort } from 'node:worker_threads';
import { type PlaybackHandle, PlaybackWriter } from '../../src/index.ts';
import { counting } from './heard-call.ts';

export type Order =
  | { readonly type: 'speak'; readonly handle: PlaybackHandle; readonly seconds: number; readonly piece: number }
  | { readonly type: 'clear'; readonly handle: PlaybackHandle }
  | { readonly type: 'garbage'; readonly handle: PlaybackHandle };

parentPort!.on('message', async (order: Order) => {
  const playback = new PlaybackWriter(order.handle);
  if (order.type === 'clear') playback.clear();
  else if (order.type === 'garbage') scribble(order.handle);
  else parentPort!.postMessage(await speak(playback, order.seconds, order.piece));
});

/** As fast as it is taken, in pieces of any size. */
async function speak(playback: PlaybackWriter, seconds: number, piece: number): Promise<object> {
  const utterance = playback.begin({ id: 'from a thread' });
  const samples = counting(seconds * 16_000);
  let at = 0;
  while (at < samples.length && utterance.state === 'open') {
    const part = samples.subarray(at, at + piece);
    const taken = utterance.write(part);
    at += taken;
    if (taken < part.length) await utterance.writable();
  }
  utterance.end();
  return { taken: at, ...(await utterance.played()), state: utterance.state };
}

/** Writes over all that it was given of its own queue, for two seconds. */
function scribble({ queue }: PlaybackHandle): void {
  const words = new Int32Array(queue, 0, queue.byteLength >> 2);
  const endMs = performance.now() + 2_000;
  for (let n = 1; performance.now() < endMs; n++) {
    const value = [n * 7919, -n, n % 64, 2 ** 30 + n][n % 4]!;
    Atomics.store(words, (n * 31) % words.length, value);
  }
  parentPort!.postMessage({ scribbled: true });
}
