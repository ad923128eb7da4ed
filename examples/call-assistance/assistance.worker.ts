/**
 * The worker of the example: listens to all participants of all calls, finds turns and overlaps, gives utterances to a
 * recogniser. Entry of a thread; `workerData` says which recogniser.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { RingHandle, Track } from '../../src/index.ts';
import { type Listener, ReadingLoop } from '../audio/reading-loop.ts';
import { Conversation } from './conversation.ts';
import type { FromWorker } from './messages.ts';
import { ConsoleRecogniser, type Recogniser, type TellText } from './recogniser.ts';
import { Speaker } from './speaker.ts';

const tell = (message: FromWorker) => parentPort!.postMessage(message);

async function createRecogniser(name: string, tellText: TellText): Promise<Recogniser> {
  if (name === 'console') return new ConsoleRecogniser(tellText);
  // Loaded only if it is wanted: its package need not be installed otherwise.
  return (await import('./azure-speech.ts')).AzureSpeech.fromEnvironment(tellText);
}

const recogniser = await createRecogniser(workerData as string, ({ track, startMs }, text) =>
  tell({ type: 'text', track, startMs, text }),
);

const loop = new ReadingLoop();
/** By stream; with the number of participants who have not ended. */
const calls = new Map<string, { readonly conversation: Conversation; participants: number }>();

function listen(track: Track): Listener {
  const { streamId } = track;
  const call = calls.get(streamId) ?? { conversation: new Conversation(), participants: 0 };
  calls.set(streamId, call);
  call.participants++;
  const { conversation } = call;
  const who = Symbol();
  return new Speaker(track, {
    turnBegan(startMs, startedAtMs) {
      conversation.began(who, startedAtMs);
      tell({ type: 'turnBegan', track, startMs });
    },
    turnEnded(turn) {
      tell({ type: 'turnEnded', track, turn });
      for (const overlap of conversation.turnEnded(who, turn)) tell({ type: 'overlap', streamId, ...overlap });
    },
    utterance: (utterance) => recogniser.push(utterance),
    ended(framesRead, framesLapped) {
      recogniser.end(track);
      if (--call.participants === 0) calls.delete(streamId);
      tell({ type: 'ended', track, framesRead, framesLapped });
    },
  });
}

parentPort!.on('message', async (message: RingHandle | 'stop') => {
  if (message !== 'stop') {
    loop.add(message, listen);
    return;
  }
  loop.stop();
  await recogniser.close();
  // Nothing is left that keeps this thread alive.
  parentPort!.close();
});
