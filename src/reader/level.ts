/** How loud samples are. Pure; any thread. */

const fullScale = 32_768;
/** The level of pure zeros, in dB below full scale: below anything that a microphone hears. */
export const silenceDb = -100;

/** Level of `count` samples from `at` on, of all without these: their root mean square in dB below full scale, `silenceDb` at least. */
export function levelDb(samples: Int16Array, at = 0, count: number = samples.length - at): number {
  let energy = 0;
  for (let i = at; i < at + count; i++) energy += samples[i]! * samples[i]!;
  return levelOf(energy, count);
}

/** The level of so many samples whose squares have this sum. */
export function levelOf(energy: number, count: number): number {
  if (energy === 0) return silenceDb;
  return Math.max(silenceDb, 10 * Math.log10(energy / count / fullScale ** 2));
}
