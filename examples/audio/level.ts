/** How loud samples are. Pure; any thread. */
import type { FrameBatch } from '../../src/index.ts';

const fullScale = 32_768;
/** What is said of pure zeros: below anything that a microphone hears. */
export const silenceDb = -100;

/** Level of `count` samples from `at` on: their root mean square, in dB below full scale. */
export function levelDb(samples: Int16Array, at: number, count: number): number {
  let energy = 0;
  for (let i = at; i < at + count; i++) energy += samples[i]! * samples[i]!;
  if (energy === 0) return silenceDb;
  return Math.max(silenceDb, 10 * Math.log10(energy / count / fullScale ** 2));
}

/** Samples of one frame of a batch. */
export function frameSamples(batch: FrameBatch, frame: number): number {
  const end = frame + 1 < batch.frameCount ? batch.offsets[frame + 1]! : batch.sampleCount;
  return end - batch.offsets[frame]!;
}
