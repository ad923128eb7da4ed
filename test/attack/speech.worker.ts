/** A thread that speaks into every stream that it is told, without an end: one utterance after the other, whenever one is cut off. */
import { parentPort } from 'node:worker_threads';
import { framesPerSecond } from '../../src/base/limits.ts';
import type { PlaybackHandle } from '../../src/playback/handle.ts';
import type { Utterance } from '../../src/playback/utterance.ts';
import { PlaybackWriter } from '../../src/playback/writer.ts';
import { saidFrame } from '../support/said.ts';

const second = saidFrame(1, 0, framesPerSecond);

async function say(utterance: Utterance): Promise<void> {
  while (utterance.state === 'open') {
    for (let at = 0; at < second.length && utterance.state === 'open'; ) {
      at += utterance.write(second.subarray(at));
      if (at < second.length) await utterance.writable();
    }
  }
}

parentPort!.on('message', async (handle: PlaybackHandle) => {
  const playback = new PlaybackWriter(handle);
  for (;;) {
    const utterance = playback.begin();
    if (utterance.state === 'closed') return;
    await say(utterance);
    await utterance.played();
  }
});
