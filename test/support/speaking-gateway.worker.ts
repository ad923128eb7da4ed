/** A thread that speaks into calls, each by itself, as it was told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import type { PlaybackHandle, PlaybackWriter, Utterance } from '../../src/index.ts';
import { productModule } from './product-module.ts';
import { saidFrame } from './said.ts';
import { generator } from './seed.ts';

const { PlaybackWriter: Writer } = await productModule<typeof import('../../src/index.ts')>('index');

/** `scene`: answers and pauses, some interrupted. `greeting`: one second, once. `endless`: as much as it takes, for ever. */
export type Speech = 'scene' | 'greeting' | 'endless';

export interface SpeakerOrder {
  readonly handle: PlaybackHandle;
  readonly speech: Speech;
  readonly seed: number;
}

export interface Spoken {
  readonly msg: 'utterance';
  readonly call: string | null;
  readonly number: number;
  /** Samples that were taken. */
  readonly taken: number;
  readonly wanted: number;
  readonly playedMs: number;
  readonly isCleared: boolean;
  readonly underruns: number;
  readonly state: string;
}

const utterancesMax = 30;

async function say(utterance: Utterance, frames: number, piece: number): Promise<number> {
  let taken = 0;
  for (let frame = 0; frame < frames && utterance.state === 'open'; frame += piece) {
    const samples = saidFrame(utterance.number, frame, Math.min(piece, frames - frame));
    for (let at = 0; at < samples.length && utterance.state === 'open'; ) {
      const count = utterance.write(samples.subarray(at));
      at += count;
      taken += count;
      if (at < samples.length) await utterance.writable();
    }
  }
  utterance.end();
  return taken;
}

async function tell(handle: PlaybackHandle, utterance: Utterance, frames: number, piece: number): Promise<void> {
  const taken = await say(utterance, frames, piece);
  const played = await utterance.played();
  const { number, state } = utterance;
  const spoken: Spoken = {
    msg: 'utterance',
    call: handle.callConnectionId,
    number,
    taken,
    wanted: 320 * frames,
    state,
    ...played,
  };
  parentPort!.postMessage(spoken);
}

async function scene(handle: PlaybackHandle, playback: PlaybackWriter, random: () => number): Promise<void> {
  const told: Promise<void>[] = [];
  for (let n = 0; n < utterancesMax; n++) {
    const utterance = playback.begin();
    if (utterance.state === 'closed') break;
    const frames = 5 + Math.floor(random() * 100);
    const telling = tell(handle, utterance, frames, 1 + Math.floor(random() * 40));
    // Now and then the next answer is there before this one is over.
    if (random() < 0.7) await telling;
    told.push(telling);
    await sleep(random() * 200);
  }
  await Promise.all(told);
}

async function endless(playback: PlaybackWriter): Promise<void> {
  const utterance = playback.begin();
  for (let frame = 0; utterance.state === 'open'; ) {
    const samples = saidFrame(utterance.number, frame % 900, 50);
    frame += 50;
    for (let at = 0; at < samples.length && utterance.state === 'open'; ) {
      at += utterance.write(samples.subarray(at));
      if (at < samples.length) await utterance.writable();
    }
  }
  await utterance.played();
}

parentPort!.on('message', async ({ handle, speech, seed }: SpeakerOrder) => {
  const playback = new Writer(handle);
  const random = generator(seed);
  if (speech === 'scene') await scene(handle, playback, random);
  else if (speech === 'greeting') await tell(handle, playback.begin(), 50, 50);
  else await endless(playback);
  parentPort!.postMessage({ msg: 'conversation over' });
});
