/** Frames that say in every word which ring, which participant and which number they are: a torn one cannot hide. */
import type { Frame } from '../../src/ring/frame.ts';
import type { RingWriter } from '../../src/ring/writer.ts';

const wordsPerFrame = 160;

function word(salt: number, sequence: number, i: number): number {
  const mixed = Math.imul(salt ^ Math.imul(sequence, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(i + 1, 0xc2b2ae35);
  return mixed ^ (mixed >>> 15);
}

/** Every third frame is shorter. */
function bytesOf(sequence: number): number {
  return sequence % 3 === 0 ? 4 * (1 + (sequence % wordsPerFrame)) : 4 * wordsPerFrame;
}

/** Writes the next frame, all of its slot. `salt` tells one participant's frames from another's. */
export function writeCanary(writer: RingWriter, salt: number, sequence: number): void {
  const at = writer.nextPcm() >> 2;
  for (let i = 0; i < wordsPerFrame; i++) writer.i32[at + i] = word(salt, sequence, i);
  writer.commit(bytesOf(sequence), sequence & 31, sequence & 7, sequence + 0.25, sequence + 0.5, 320 * sequence);
}

/** What is wrong with a frame that was read, or '' when nothing is. */
export function faultOf(frame: Frame, salt: number, expectedSequence: number): string {
  const { sequence, words } = frame;
  if (sequence !== expectedSequence) return `read ${sequence} instead of ${expectedSequence}`;
  const isWhole =
    frame.pcmBytes === bytesOf(sequence) &&
    frame.flags === (sequence & 31) &&
    frame.missingBefore === (sequence & 7) &&
    frame.timestampMs === sequence + 0.25 &&
    frame.arrivalMs === sequence + 0.5 &&
    frame.positionSamples === 320 * sequence;
  if (!isWhole) return `the header of frame ${sequence} is torn`;
  for (let i = 0; i < frame.pcmBytes / 4; i++) {
    if (words[i] !== word(salt, sequence, i)) return `frame ${sequence} is torn at word ${i}`;
  }
  return '';
}

const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread. */
export function sleep(ms: number): void {
  Atomics.wait(nobody, 0, 0, ms);
}
