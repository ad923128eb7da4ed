/**
 * Puts samples into a stream's queue, whole frames at a time as far as the reader sees. Full is an answer: what does not fit is
 * not taken. Invariant: a frame is complete before `head` says that it exists, and the block in which it lies is the queue's own.
 * Writer thread.
 */
import { bytesPerSample, frameBytes, frameDurationMs } from '../base/limits.ts';
import { playbackPrimeMs } from '../base/playback-limits.ts';
import { framesPerBlock } from '../memory/playback-layout.ts';
import type { PlaybackMemory } from '../memory/playback-memory.ts';
import type { Queue } from '../memory/playback-queue.ts';

/** As long as nothing is sent, frames that are worth a call to the main thread. */
const primeFrames = playbackPrimeMs / frameDurationMs;
const silence = new Int16Array(frameBytes(24_000) / bytesPerSample);

export class QueueWriter {
  private readonly memory: PlaybackMemory;
  private readonly queue: Queue;
  /** Of the queue, as owner of blocks. */
  private readonly number: number;
  private readonly place: number;
  /** Samples of the frame that is not whole. */
  private partial = 0;
  /** The block that was claimed last: how manieth it is, and which. */
  private ordinal = -1;
  private block = -1;

  constructor(memory: PlaybackMemory, queue: Queue, number: number, place: number) {
    this.memory = memory;
    this.queue = queue;
    this.number = number;
    this.place = place;
  }

  /** Samples for which there is room; 0 while the rate is not known. */
  get room(): number {
    const { queue } = this;
    const frameSamples = frameBytes(queue.sampleRate) / bytesPerSample;
    return Math.max(0, (queue.framesMax - (queue.head - queue.tail)) * frameSamples - this.partial);
  }

  /** Whether there is memory for what there is room for. */
  get hasMemory(): boolean {
    return this.memory.hasFree(this.ownBlocks);
  }

  /** Blocks that it has for certain, from the frame that is sent next to the last one written. */
  private get ownBlocks(): number {
    const { queue, memory, number } = this;
    const perBlock = framesPerBlock(queue.sampleRate);
    const { tail } = queue;
    const end = Math.min(queue.head, tail + queue.framesMax + perBlock);
    let count = 0;
    for (let at = Math.floor(tail / perBlock); at * perBlock < end; at++) {
      if (memory.isOwn(queue.blockAt(at), number)) count++;
    }
    return count;
  }

  /** What was written and makes no whole frame is forgotten. */
  restart(): void {
    this.partial = 0;
  }

  /** Takes as many of the samples as there are blocks for. Returns how many. */
  append(samples: Int16Array, count: number): number {
    const { queue } = this;
    queue.isWriting = true;
    const taken = queue.isClosed ? 0 : this.copy(samples, count);
    queue.isWriting = false;
    return taken;
  }

  /** Fills the last frame with silence. */
  pad(): void {
    if (this.partial === 0) return;
    const frameSamples = frameBytes(this.queue.sampleRate) / bytesPerSample;
    this.append(silence, frameSamples - this.partial);
  }

  /** Calls the main thread if it does not look by itself: there is enough to begin with, or `isDue`. */
  call(isDue: boolean): void {
    const { queue } = this;
    if (!queue.isArmed && (isDue || queue.head - queue.tail >= primeFrames)) this.memory.ring(this.place);
  }

  /** Calls it in any case. */
  ring(): void {
    this.memory.ring(this.place);
  }

  private copy(samples: Int16Array, count: number): number {
    const { queue, memory } = this;
    const { sampleRate } = queue;
    const frameSamples = frameBytes(sampleRate) / bytesPerSample;
    const perBlock = framesPerBlock(sampleRate);
    let taken = 0;
    while (taken < count) {
      const { head } = queue;
      const ordinal = Math.floor(head / perBlock);
      if (!this.hold(ordinal, head % perBlock > 0)) break;
      const from = (head % perBlock) * frameSamples + this.partial;
      const step = Math.min(perBlock * frameSamples - from, count - taken);
      const part = step === samples.length ? samples : samples.subarray(taken, taken + step);
      memory.samplesOf(this.block).set(part, memory.offsetOf(this.block) / bytesPerSample + from);
      taken += step;
      const whole = Math.floor((this.partial + step) / frameSamples);
      this.partial += step - whole * frameSamples;
      // Behind the samples: from now on the frames are there.
      if (whole > 0) queue.head = head + whole;
    }
    return taken;
  }

  /** Makes the block with this ordinal the one that is filled. Returns false when there is no memory. */
  private hold(ordinal: number, isBegun: boolean): boolean {
    if (ordinal === this.ordinal) return true;
    const { memory, queue, number } = this;
    // Another writer may have filled the first part of it.
    const known = isBegun ? queue.blockAt(ordinal) : -1;
    const block = isBegun && memory.isOwned(known, number) ? known : memory.claim(number, this.ownBlocks);
    if (block < 0) return false;
    queue.setBlockAt(ordinal, block);
    this.ordinal = ordinal;
    this.block = block;
    return true;
  }
}
