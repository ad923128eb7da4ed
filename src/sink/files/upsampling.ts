/**
 * 16 kHz to 24 kHz, for the file of a call whose rate changed. Every third sample is one of the source, bit for bit; the two
 * between are interpolated with a windowed sinc. Pure; any thread.
 */

/** Source samples on either side that an interpolated one is made of. */
export const upsamplingReach = 12;

/** Samples of the source, and what becomes of them. */
const step = { from: 2, to: 3 } as const;

/** The weights for a place between two samples, Hann-windowed, of sum 1. */
function weightsAt(fraction: number): Float64Array {
  const weights = Float64Array.from({ length: 2 * upsamplingReach }, (_, i) => {
    const distance = i - (upsamplingReach - 1) - fraction;
    const window = Math.cos((Math.PI * distance) / (2 * upsamplingReach)) ** 2;
    return (Math.sin(Math.PI * distance) / (Math.PI * distance)) * window;
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** By the place of the sample among three. */
const weightsOf = [null, weightsAt(2 / 3), weightsAt(1 / 3)] as const;

/** The source sample at or before a sample of the result. */
export function sourceIndex(sample: number): number {
  return Math.floor((sample * step.from) / step.to);
}

/**
 * Sample n of the result.
 * @param source the source from sample `sourceAt` on; what lies outside is silence
 */
export function upsampled(n: number, source: Int16Array, sourceAt: number, count: number): number {
  const weights = weightsOf[n % step.to]!;
  const index = sourceIndex(n) - sourceAt;
  if (weights === null) return index >= 0 && index < count ? source[index]! : 0;
  let sum = 0;
  for (let i = 0, k = index - upsamplingReach + 1; i < weights.length; i++, k++) {
    if (k >= 0 && k < count) sum += weights[i]! * source[k]!;
  }
  return Math.round(sum);
}
