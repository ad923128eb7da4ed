/** Whether audio can be heard at all. Pure; any thread. */

/** Root mean square of 16-bit samples: -50 dB of full scale. Comfort noise is below, a quiet voice above. */
const audibleRms = 104;

/** `pcm` is 16-bit little-endian. */
export function isAudible(pcm: Uint8Array, byteCount: number): boolean {
  let energy = 0;
  for (let i = 0; i + 1 < byteCount; i += 2) {
    const sample = ((pcm[i]! | (pcm[i + 1]! << 8)) << 16) >> 16;
    energy += sample * sample;
  }
  return energy > audibleRms * audibleRms * (byteCount >> 1);
}
