/**
 * The worker of the example: listens to all participants, makes a voiceprint of each. Entry of a thread; `workerData` says
 * how many ms of speech are enough.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { RingHandle, Track } from '../../src/index.ts';
import { ReadingLoop } from '../audio/reading-loop.ts';
import { Collector } from './collector.ts';

export type FromVoiceWorker =
  | { readonly type: 'voiceprint'; readonly track: Track; readonly voiceprint: number[]; readonly speechMs: number }
  | {
      readonly type: 'ended';
      readonly track: Track;
      readonly framesRead: number;
      readonly framesLapped: number;
      readonly speechMs: number;
    };

const tell = (message: FromVoiceWorker) => parentPort!.postMessage(message);
const loop = new ReadingLoop();

parentPort!.on('message', (message: RingHandle | 'stop') => {
  if (message === 'stop') {
    loop.stop();
    parentPort!.close();
    return;
  }
  loop.add(
    message,
    (track) =>
      new Collector(track, workerData as number, {
        voiceprint: (voiceprint, speechMs) => tell({ type: 'voiceprint', track, voiceprint, speechMs }),
        ended: (framesRead, framesLapped, speechMs) =>
          tell({ type: 'ended', track, framesRead, framesLapped, speechMs }),
      }),
  );
});
