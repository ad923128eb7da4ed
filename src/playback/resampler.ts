/**
 * Changes the sample rate of 16-bit speech by a ratio of small integers: a polyphase filter with its state kept across chunks. Any
 * thread, one at a time. Invariants: the output does not depend on how the input was cut into chunks, bit for bit; output k lies at the
 * time k / toRate of the input (no delay in the result, only `lookahead` samples before it comes); n samples become exactly
 * ceil(n * toRate / fromRate) by the flush. Pushing allocates nothing; what is too loud is clipped, never wrapped.
 *
 * The filter is a sinc in a Kaiser window, flat up to 0.9 of the lower of the two Nyquist frequencies and closed from 1.1 of it: what
 * is between folds only to above 0.9, where a voice has next to nothing, and costs half as much as an edge twice as steep.
 */
import { assertInvariant } from '../base/errors.ts';

/** Of the filter: half its length in zeros of the sinc, the shape of the window, the cutoff as a share of the lower Nyquist frequency. */
const zeroCrossings = 21;
const kaiserBeta = 7.2;
const cutoffShare = 0.99;
/** Samples taken in at a time: a frame of 20 ms at 24 kHz. */
const blockSamples = 480;

/** Shared by all that use its pair of rates. */
interface Filter {
  /** Outputs for `down` inputs, and the phases of the filter. */
  readonly up: number;
  readonly down: number;
  /** Of each phase. */
  readonly tapCount: number;
  /** Phase after phase, each from its oldest tap to its newest. */
  readonly taps: Float64Array;
  /** From the middle of the filter to its first tap, at `up` times the input's rate. */
  readonly delay: number;
}

/** Of one of the two numbers of a ratio: 8 to 48 kHz. */
const factorMax = 6;

const filters = new Map<string, Filter>();

function filterFor(fromRate: number, toRate: number): Filter {
  const key = `${fromRate} ${toRate}`;
  const filter = filters.get(key) ?? designFilter(fromRate, toRate);
  filters.set(key, filter);
  return filter;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** A ratio of large integers would need a filter of megabytes. */
function canResample(fromRate: number, toRate: number): boolean {
  if (!(Number.isInteger(fromRate) && Number.isInteger(toRate) && fromRate > 0 && toRate > 0)) return false;
  return Math.max(fromRate, toRate) / greatestCommonDivisor(fromRate, toRate) <= factorMax;
}

/** The modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let sum = 1;
  for (let term = 1, n = 1; term > sum * 1e-17; n++) {
    term *= (x / (2 * n)) ** 2;
    sum += term;
  }
  return sum;
}

function designFilter(fromRate: number, toRate: number): Filter {
  const divisor = greatestCommonDivisor(fromRate, toRate);
  const up = toRate / divisor;
  const down = fromRate / divisor;
  const delay = zeroCrossings * Math.max(up, down);
  const radiansPerTap = (Math.PI * cutoffShare) / Math.max(up, down);
  const tapCount = Math.ceil((2 * delay + 1) / up);
  const taps = new Float64Array(up * tapCount);
  for (let phase = 0; phase < up; phase++) {
    const first = phase * tapCount;
    let sum = 0;
    for (let i = 0; i < tapCount; i++) {
      const x = phase + (tapCount - 1 - i) * up - delay;
      if (x > delay) continue;
      const sinc = x === 0 ? 1 : Math.sin(radiansPerTap * x) / (radiansPerTap * x);
      const tap = sinc * bessel(kaiserBeta * Math.sqrt(1 - (x / delay) ** 2));
      taps[first + i] = tap;
      sum += tap;
    }
    // Each phase by itself: a constant stays exactly constant.
    for (let i = 0; i < tapCount; i++) taps[first + i]! /= sum;
  }
  return { up, down, tapCount, taps, delay };
}

/**
 * Changes the sample rate of one signal of 16-bit mono speech, in pieces of any length; the result does not depend on how it was
 * cut into them. 8,000, 16,000, 24,000, 48,000 Hz, or another ratio of integers up to 6. Any thread.
 */
export class Resampler {
  readonly #filter: Filter;
  /** The last `tapCount - 1` samples before the next output's newest, and what came after them. */
  readonly #window: Float64Array;
  #filled = 0;
  /** Where in the window the newest sample of the next output is, or will be; and its phase. */
  #at = 0;
  #phase = 0;
  /** Outputs that the input so far will have become by the flush: those not written, in units of 1 / down. */
  #owed = 0;

  /** @param fromRate Hz; the ratio to `toRate` must be one of small integers, as with 8000, 16000, 24000 and 48000. Else throws `invariant` */
  constructor(fromRate: number, toRate: number) {
    assertInvariant(canResample(fromRate, toRate), `from ${fromRate} to ${toRate} Hz is no ratio of small integers`);
    this.#filter = filterFor(fromRate, toRate);
    this.#window = new Float64Array(this.#filter.tapCount - 1 + blockSamples);
    this.#reset();
  }

  #reset(): void {
    const { tapCount, up, delay } = this.#filter;
    this.#window.fill(0, 0, tapCount - 1);
    this.#filled = tapCount - 1;
    this.#at = tapCount - 1 + Math.floor(delay / up);
    this.#phase = delay % up;
    this.#owed = 0;
  }

  get #isIdentity(): boolean {
    return this.#filter.up === this.#filter.down;
  }

  /** Input samples that must have come after an output's own time before it is written. */
  get lookahead(): number {
    return this.#isIdentity ? 0 : Math.floor(this.#filter.delay / this.#filter.up);
  }

  /** Most samples that are written for so many, by `push` and by `flush` after it together. */
  outputMax(inputSamples: number): number {
    return Math.ceil(((inputSamples + this.lookahead + 1) * this.#filter.up) / this.#filter.down);
  }

  /** Returns how many samples were written to `output`, which must have room for `outputMax(input.length)`. */
  push(input: Int16Array, output: Int16Array): number {
    assertInvariant(output.length >= this.outputMax(input.length), 'the output has room for what comes of the input');
    if (this.#isIdentity) {
      output.set(input);
      return input.length;
    }
    const window = this.#window;
    let written = 0;
    for (let from = 0; from < input.length; ) {
      const count = Math.min(window.length - this.#filled, input.length - from);
      for (let i = 0; i < count; i++) window[this.#filled + i] = input[from + i]!;
      from += count;
      this.#filled += count;
      this.#owed += count * this.#filter.up;
      written += this.#convert(output, written);
    }
    return written;
  }

  /** The rest, as if silence followed; the next sample is the first of something new. `output` must have room for `outputMax(0)`. */
  flush(output: Int16Array): number {
    if (this.#isIdentity) return 0;
    assertInvariant(output.length >= this.outputMax(0), 'the output has room for the rest');
    let written = 0;
    while (this.#owed > 0) {
      this.#window.fill(0, this.#filled);
      this.#filled = this.#window.length;
      written += this.#convert(output, written);
    }
    this.#reset();
    return written;
  }

  /** Writes every output whose samples are all there, and moves the window on. */
  #convert(output: Int16Array, from: number): number {
    const { up, down, tapCount } = this.#filter;
    const filled = this.#filled;
    let written = from;
    // The last output of four rounds has its newest sample no further on than four rounds of input.
    while (this.#at + 4 * down < filled && this.#owed >= 4 * up * down) {
      this.#fourRounds(output, written);
      written += 4 * up;
      this.#at += 4 * down;
      this.#owed -= 4 * up * down;
    }
    while (this.#at < filled && this.#owed > 0) {
      output[written++] = this.#one();
      this.#owed -= down;
      this.#step();
    }
    const oldest = this.#at - tapCount + 1;
    this.#window.copyWithin(0, oldest, filled);
    this.#filled = filled - oldest;
    this.#at = tapCount - 1;
    return written - from;
  }

  /** Moves on to the next output. */
  #step(): void {
    const { up, down } = this.#filter;
    this.#phase += down;
    while (this.#phase >= up) {
      this.#phase -= up;
      this.#at++;
    }
  }

  #one(): number {
    const { tapCount, taps } = this.#filter;
    const window = this.#window;
    const tapAt = this.#phase * tapCount;
    const windowAt = this.#at - tapCount + 1;
    let sum = 0;
    for (let i = 0; i < tapCount; i++) sum += taps[tapAt + i]! * window[windowAt + i]!;
    return rounded(sum);
  }

  /**
   * Four rounds of all phases, four outputs of the same phase together: they share its taps, and no sum waits for another. A third
   * faster than one by one, and the same bit for bit: each sum is added up in the same order.
   */
  #fourRounds(output: Int16Array, from: number): void {
    const { up, down, tapCount, taps } = this.#filter;
    const window = this.#window;
    const at = this.#at;
    for (let k = 0; k < up; k++) {
      const tapAt = this.#phase * tapCount;
      const windowAt = this.#at - tapCount + 1;
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let i = 0; i < tapCount; i++) {
        const tap = taps[tapAt + i]!;
        const w = windowAt + i;
        a += tap * window[w]!;
        b += tap * window[w + down]!;
        c += tap * window[w + 2 * down]!;
        d += tap * window[w + 3 * down]!;
      }
      output[from + k] = rounded(a);
      output[from + k + up] = rounded(b);
      output[from + k + 2 * up] = rounded(c);
      output[from + k + 3 * up] = rounded(d);
      this.#step();
    }
    this.#at = at;
  }
}

function rounded(sample: number): number {
  const clipped = sample > 32_767 ? 32_767 : sample < -32_768 ? -32_768 : sample;
  return Math.floor(clipped + 0.5);
}
