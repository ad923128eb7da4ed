/** What the stand-in says: sounds that tell which answer they belong to. Pure. */
import { modelRate } from '../dialect.ts';

/** `tones`: for ears, each answer another tone. `levels`: for judges, all samples of an answer are its number. */
export type Sound = 'tones' | 'levels';

/** A constant stays constant through every resampler, so each frame says whose it is. */
export const levelsMax = 30_000;

export function levelOf(answer: number): number {
  return 1 + (answer % levelsMax);
}

const toneCount = 12;

export function samplesOf(sound: Sound, answer: number, ms: number): Int16Array {
  const samples = new Int16Array((ms * modelRate) / 1000);
  if (sound === 'levels') return samples.fill(levelOf(answer));
  const hz = 220 * 2 ** ((answer % toneCount) / toneCount);
  return samples.map((_, i) => {
    // Three syllables a second.
    const loudness = Math.sin((Math.PI * 3 * i) / modelRate) ** 2;
    return 8_000 * loudness * Math.sin((2 * Math.PI * hz * i) / modelRate);
  });
}
