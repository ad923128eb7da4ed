/** A slot of a ring: one frame, behind its facts. Holds no state of its own; it is moved from slot to slot. Any thread. */
import { slot } from './layout.ts';
import { inDoubles, inWords } from './offsets.ts';

const {
  sequence: sequenceAt,
  pcmBytes: pcmBytesAt,
  flags: flagsAt,
  missingBefore: missingBeforeAt,
  pcm: pcmAt,
} = inWords(slot);
const { timestampMs: timestampMsAt, arrivalMs: arrivalMsAt, positionSamples: positionSamplesAt } = inDoubles(slot);

/** Where the PCM stands in a slot, in bytes. */
export const slotPcm = slot.pcm;

export class FrameSlot {
  /** The slab in which the slot lies, and where it begins there, in words and in doubles. */
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;
  private word = 0;
  private double = 0;

  constructor(i32: Int32Array, f64: Float64Array) {
    this.i32 = i32;
    this.f64 = f64;
  }

  /** @param at offset in the slab, in bytes */
  moveTo(at: number): void {
    this.word = at >> 2;
    this.double = at >> 3;
  }

  get sequence(): number {
    return this.i32[this.word + sequenceAt]!;
  }
  get pcmBytes(): number {
    return this.i32[this.word + pcmBytesAt]!;
  }
  get flags(): number {
    return this.i32[this.word + flagsAt]!;
  }
  get missingBefore(): number {
    return this.i32[this.word + missingBeforeAt]!;
  }
  get timestampMs(): number {
    return this.f64[this.double + timestampMsAt]!;
  }
  get arrivalMs(): number {
    return this.f64[this.double + arrivalMsAt]!;
  }
  get positionSamples(): number {
    return this.f64[this.double + positionSamplesAt]!;
  }

  /** Copies the first so many words of the PCM. */
  copyPcm(into: Int32Array, words: number): void {
    const { i32 } = this;
    const from = this.word + pcmAt;
    for (let i = 0; i < words; i++) into[i] = i32[from + i]!;
  }
}

/** Writes the facts of the frame whose slot begins at `at`, in bytes. A writer has too many slots for an object each. */
export function writeSlot(
  i32: Int32Array,
  f64: Float64Array,
  at: number,
  sequence: number,
  pcmBytes: number,
  flags: number,
  missingBefore: number,
  timestampMs: number,
  arrivalMs: number,
  positionSamples: number,
): void {
  const word = at >> 2;
  const double = at >> 3;
  i32[word + sequenceAt] = sequence;
  i32[word + pcmBytesAt] = pcmBytes;
  i32[word + flagsAt] = flags;
  i32[word + missingBeforeAt] = missingBefore;
  f64[double + timestampMsAt] = timestampMs;
  f64[double + arrivalMsAt] = arrivalMs;
  f64[double + positionSamplesAt] = positionSamples;
}
