/** Whether one sound is in another: by the cosine of their samples, which no volume changes. Pure. */

export interface Place {
  readonly at: number;
  /** From -1 to 1; 1: the same but for the volume. */
  readonly likeness: number;
}

/** Where `part` is most like what lies in `whole` from `from` to `to`. */
export function findSound(part: Float32Array, whole: Float32Array, from = 0, to = whole.length): Place {
  const last = Math.min(to, whole.length) - part.length;
  let partEnergy = 0;
  for (const sample of part) partEnergy += sample * sample;
  let wholeEnergy = 0;
  for (let i = from; i < from + part.length; i++) wholeEnergy += whole[i]! ** 2;
  let best: Place = { at: from, likeness: -1 };
  for (let at = from; at <= last; at++) {
    let product = 0;
    for (let i = 0; i < part.length; i++) product += part[i]! * whole[at + i]!;
    const likeness = product / Math.sqrt(partEnergy * wholeEnergy + 1e-12);
    if (likeness > best.likeness) best = { at, likeness };
    wholeEnergy += whole[at + part.length]! ** 2 - whole[at]! ** 2;
  }
  return best;
}

export function loudness(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length));
}
