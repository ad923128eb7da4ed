/**
 * How much energy 25 ms of sound have in each of 26 bands, on the scale of the ear (mel), as logarithms: what most
 * recognisers of speech and speakers begin with. Nothing is allocated per window. Pure; any thread.
 */
import { Fft } from './fft.ts';

export const bandCount = 26;
/** The same bands at both rates of ACS, so that a voice enrolled at one is known at the other. */
const bandHz = { lowest: 100, highest: 7_000 } as const;
const windowMs = 25;
/** Takes away what a voice has less of the higher it gets, some 6 dB an octave. */
const preEmphasis = 0.97;
/** Keeps the logarithm of nothing finite: far below the noise of 16 bits. */
const energyMin = 1e-10;

function melOf(hz: number): number {
  return 2595 * Math.log10(1 + hz / 700);
}

export class LogMel {
  readonly windowSamples: number;
  private readonly fft: Fft;
  private readonly windowed: Float64Array;
  private readonly power: Float64Array;
  private readonly shape: Float64Array;
  /** For each band the weight of each frequency: a triangle. */
  private readonly weights: readonly Float64Array[];

  constructor(sampleRate: number) {
    this.windowSamples = (windowMs * sampleRate) / 1000;
    this.fft = new Fft(2 ** Math.ceil(Math.log2(this.windowSamples)));
    this.windowed = new Float64Array(this.fft.size);
    this.power = new Float64Array(this.fft.size / 2 + 1);
    // Hamming: without it the edges of the window sound like clicks.
    this.shape = Float64Array.from(
      { length: this.windowSamples },
      (_, i) => 0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (this.windowSamples - 1)),
    );
    const melsPerBand = (melOf(bandHz.highest) - melOf(bandHz.lowest)) / (bandCount + 1);
    this.weights = Array.from({ length: bandCount }, (_, band) =>
      Float64Array.from(this.power, (_, i) => {
        const distance = (melOf((i * sampleRate) / this.fft.size) - melOf(bandHz.lowest)) / melsPerBand - (band + 1);
        return Math.max(0, 1 - Math.abs(distance));
      }),
    );
  }

  /** Writes the logarithms (natural) of the `bandCount` energies of the window that begins at sample `at`. */
  compute(samples: Int16Array, at: number, bands: Float64Array): void {
    const { windowed, power, shape, weights } = this;
    for (let i = 0; i < this.windowSamples; i++) {
      const before = i === 0 ? samples[at]! : samples[at + i - 1]!;
      windowed[i] = ((samples[at + i]! - preEmphasis * before) / 32_768) * shape[i]!;
    }
    this.fft.powerSpectrum(windowed, power);
    for (let band = 0; band < bandCount; band++) {
      const weight = weights[band]!;
      let energy = energyMin;
      for (let i = 0; i < power.length; i++) energy += power[i]! * weight[i]!;
      bands[band] = Math.log(energy);
    }
  }
}
