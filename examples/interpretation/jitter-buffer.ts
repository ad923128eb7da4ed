import { levelDb } from '../../src/index.ts';

/**
 * Puts frames in order by their place on the participant's timeline, whatever order they come in. Silence where nothing
 * was put. Pure; any thread. Invariant: a sample that was put in time comes out once, at its place, unchanged.
 */

/** Beyond it a frame is not put in order any more. */
const capacityFrames = 256;

export class JitterBuffer {
  readonly frameSamples: number;
  /** Places, in samples: of the next frame to be taken, and behind the furthest that was put. */
  next: number;
  newest: number;
  private readonly origin: number;
  private readonly samples: Int16Array;
  /** Of each frame: how many samples were put, and when the last of them had come. */
  private readonly filled = new Int32Array(capacityFrames);
  private readonly arrivalsMs = new Float64Array(capacityFrames);

  /** @param origin place of the first frame */
  constructor(origin: number, frameSamples: number) {
    this.origin = origin;
    this.next = origin;
    this.newest = origin;
    this.frameSamples = frameSamples;
    this.samples = new Int16Array(capacityFrames * frameSamples);
  }

  /** `late`: its turn is over. `beyond`: too far ahead to be kept. */
  put(position: number, source: Int16Array, count: number, arrivalMs: number): 'kept' | 'late' | 'beyond' {
    if (position < this.next) return 'late';
    if (position + count - this.next > this.samples.length) return 'beyond';
    const from = position - this.origin;
    for (let i = 0; i < count; i++) this.samples[(from + i) % this.samples.length] = source[i]!;
    // A frame that is not at a multiple of 20 ms lies in two.
    const slot = Math.floor(from / this.frameSamples);
    const inFirst = Math.min(count, (slot + 1) * this.frameSamples - from);
    this.fill(slot, inFirst, arrivalMs);
    if (count > inFirst) this.fill(slot + 1, count - inFirst, arrivalMs);
    this.newest = Math.max(this.newest, position + count);
    return 'kept';
  }

  /** Whether something was put into the next frame. */
  get hasNext(): boolean {
    return this.filled[this.slotOfNext]! > 0;
  }
  /** When it had come. */
  get nextArrivalMs(): number {
    return this.arrivalsMs[this.slotOfNext]!;
  }

  get nextLevelDb(): number {
    return levelDb(this.samples, this.slotOfNext * this.frameSamples, this.frameSamples);
  }

  /** Takes the next frame out, silence where there is nothing. */
  take(target: Int16Array): void {
    const at = this.slotOfNext * this.frameSamples;
    for (let i = 0; i < this.frameSamples; i++) target[i] = this.samples[at + i]!;
    this.leaveOut();
  }

  leaveOut(): void {
    const slot = this.slotOfNext;
    this.samples.fill(0, slot * this.frameSamples, (slot + 1) * this.frameSamples);
    this.filled[slot] = 0;
    this.next += this.frameSamples;
  }

  private get slotOfNext(): number {
    return ((this.next - this.origin) / this.frameSamples) % capacityFrames;
  }

  private fill(slot: number, count: number, arrivalMs: number): void {
    this.filled[slot % capacityFrames]! += count;
    this.arrivalsMs[slot % capacityFrames] = arrivalMs;
  }
}
