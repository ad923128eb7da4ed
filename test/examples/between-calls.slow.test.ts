/** Interpretation between two calls as a user runs it: each call hears the translation of the other one, to the sample, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { wavHeaderBytes } from '../../src/base/wav.ts';
import { temporaryFolder } from '../support/folders.ts';
import { judgingTimes } from '../support/starvation.ts';
import { ExampleProcess, writeWav } from './example-process.ts';
import { speech, toPcm } from './speech.ts';

const rate = 16_000;
const seconds = 6;

/** Without a silent sample, so that nothing in it looks like a gap. */
function voiceOf(pitchHz: number): Int16Array {
  const said = toPcm(speech({ pitchHz, scale: 1 }, pitchHz, rate, seconds * 1000));
  return said.map((sample) => (sample >> 1 === 0 ? 2 : sample));
}

function samplesIn(file: string): Int16Array {
  return new Int16Array(new Uint8Array(readFileSync(file).subarray(wavHeaderBytes)).buffer);
}

/** Where in the whole the part begins, or -1. */
function placeOf(part: Int16Array, whole: Int16Array): number {
  const bytes = (samples: Int16Array) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const at = bytes(whole).indexOf(bytes(part));
  return at === -1 ? -1 : at / 2;
}

it(
  'makes each of two calls hear what is said in the other one, and a third one nothing',
  judgingTimes(async () => {
    const folder = temporaryFolder();
    const example = await ExampleProcess.start('interpretation/between-calls.ts', '0', '0');
    const voices = [voiceOf(110), voiceOf(190)];
    const call = (index: number, room: string) => {
      const file = join(folder, `${index}.wav`);
      writeWav(file, rate, voices[index % 2]!);
      return example.simulateAt(
        `${example.url}?room=${room}`,
        ...['--participants', '0', '--duration', `${seconds}s`, '--audio', file],
        ...['--seed', String(index + 1), '--save-heard', join(folder, `heard-${index}`)],
      );
    };
    const reports = await Promise.all([call(0, 'one'), call(1, 'one'), call(2, 'two')]);
    expect(await example.interrupt()).toBe(0);
    for (const index of [0, 1]) {
      const { heard } = reports[index]!.perCall[0]!;
      const received = samplesIn(join(heard!.folder!, 'received.wav'));
      const said = voices[1 - index]!.map((sample) => sample >> 1);
      // What was under way at the end is not complete.
      const whole = received.subarray(0, Math.floor(received.length / 320) * 320);
      expect(whole.length).toBeGreaterThan((seconds - 2.5) * rate);
      expect(placeOf(whole, said)).toBeGreaterThanOrEqual(0);
      expect(heard!.stopAudios).toBe(0);
    }
    expect(reports[2]!.perCall[0]!.heard).toBeNull();
  }),
);
