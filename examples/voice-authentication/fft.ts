/** A Fourier transform of a power of two samples (Cooley and Tukey, radix 2), with tables made once. Pure; any thread. */

export class Fft {
  readonly size: number;
  private readonly real: Float64Array;
  private readonly imaginary: Float64Array;
  private readonly cosines: Float64Array;
  private readonly sines: Float64Array;
  /** Where each sample goes before the first step: its index with the bits in reverse. */
  private readonly reversed: Uint32Array;

  /** @param size a power of two */
  constructor(size: number) {
    const bits = Math.log2(size);
    if (!Number.isInteger(bits)) throw new Error(`expected a power of two, not ${size}`);
    this.size = size;
    this.real = new Float64Array(size);
    this.imaginary = new Float64Array(size);
    this.cosines = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size));
    this.sines = Float64Array.from({ length: size / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / size));
    this.reversed = new Uint32Array(size);
    for (let i = 0; i < size; i++) {
      for (let bit = 0; bit < bits; bit++) if (i & (1 << bit)) this.reversed[i]! |= 1 << (bits - 1 - bit);
    }
  }

  /** Writes the power at each frequency, from 0 to half the sample rate: `size / 2 + 1` values. */
  powerSpectrum(samples: Float64Array, power: Float64Array): void {
    const { size, real, imaginary, reversed } = this;
    for (let i = 0; i < size; i++) real[reversed[i]!] = samples[i]!;
    imaginary.fill(0);
    for (let span = 1; span < size; span *= 2) this.combine(span);
    for (let i = 0; i <= size / 2; i++) power[i] = real[i]! ** 2 + imaginary[i]! ** 2;
  }

  /** Makes transforms of `2 x span` samples out of pairs of `span`. */
  private combine(span: number): void {
    const { size, real, imaginary, cosines, sines } = this;
    const step = size / (2 * span);
    for (let start = 0; start < size; start += 2 * span) {
      for (let i = 0; i < span; i++) {
        const even = start + i;
        const odd = even + span;
        const cosine = cosines[i * step]!;
        const sine = sines[i * step]!;
        const oddReal = real[odd]! * cosine - imaginary[odd]! * sine;
        const oddImaginary = real[odd]! * sine + imaginary[odd]! * cosine;
        real[odd] = real[even]! - oddReal;
        imaginary[odd] = imaginary[even]! - oddImaginary;
        real[even]! += oddReal;
        imaginary[even]! += oddImaginary;
      }
    }
  }
}
