/**
 * The thread that speaks into all calls: writes answers of three seconds, one after another, each ahead of its time as a model does.
 * Now and then it interrupts a call, and answers anew. Its audio is made beforehand: what is measured is the way from here.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { frameBytes, framesPerSecond } from '../../../src/base/limits.ts';
import { PlaybackWriter } from '../../../src/index.ts';
import { scramble } from '../../../src/simulator/random.ts';
import { addDigest } from '../../load/payload.ts';
import type { ToVoice, Voice } from './gateway.ts';

const { streams, isSpeaking, isVerified } = workerData as {
  readonly streams: number;
  readonly isSpeaking: boolean;
  readonly isVerified: boolean;
};

const sampleRate = 16_000;
const answerFrames = 3 * framesPerSecond;
const answerMs = 3000;
/** Less than this ahead, and the next answer is written. */
const aheadMs = 500;
const lookMs = 20;
const clearEveryMs = 50;

const pcm = Buffer.from(Array.from({ length: answerFrames * frameBytes(sampleRate) }, (_, at) => scramble(at)));
const answer = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length / 2);
const answerDigest = isVerified ? digestOf(pcm) : 0;

const calls: PlaybackWriter[] = [];
/** When each of them begins: spread over an answer, as calls are. */
const beginMs: number[] = [];
let isHushed = !isSpeaking;
let digest = 0;
let cleared = 0;

function digestOf(audio: Buffer): number {
  let sum = 0;
  const bytes = frameBytes(sampleRate);
  for (let at = 0; at < audio.length; at += bytes) sum = addDigest(sum, crc32(audio.subarray(at, at + bytes)));
  return sum;
}

function speak(call: PlaybackWriter): void {
  const utterance = call.begin({ sampleRate });
  const taken = utterance.write(answer);
  utterance.end();
  // Before the metadata nothing is taken.
  if (taken === answer.length) digest = addDigest(digest, answerDigest);
  else if (taken > 0) throw new Error(`${taken} samples of ${answer.length} taken: more memory is needed`);
}

function look(): void {
  if (isHushed) return;
  const nowMs = performance.now();
  for (const [i, call] of calls.entries()) {
    if (nowMs >= beginMs[i]! && call.queuedMs < aheadMs) speak(call);
  }
}

function interrupt(): void {
  if (isHushed || calls.length === 0) return;
  // A prime, so that they come in no order.
  const call = calls[(cleared++ * 7919) % calls.length]!;
  if (call.isPlaying) call.clear();
}

function voice(): Voice {
  const { user, system } = process.threadCpuUsage();
  return { cpuUs: user + system, digest, queuedMs: Math.max(0, ...calls.map(({ queuedMs }) => queuedMs)) };
}

parentPort!.on('message', (message: ToVoice) => {
  if (message.type === 'call') {
    beginMs.push(performance.now() + (calls.length / streams) * answerMs * Number(!isVerified));
    calls.push(new PlaybackWriter(message.handle));
  } else if (message.type === 'hush') isHushed = true;
  else parentPort!.postMessage(voice());
});
setInterval(look, lookMs);
// What was cut off cannot be compared.
if (!isVerified) setInterval(interrupt, clearEveryMs);
parentPort!.postMessage(voice());
