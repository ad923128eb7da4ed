/**
 * A stream's queue as the main thread reads it. User threads write what it reads: a number that cannot be makes it `corrupt`, and
 * a block counts only if the pool says that it is this queue's. So a corrupt writer harms no call but its own. Invariant:
 * `tail` is what was taken, ever, and the blocks before it are back in the pool. Main thread.
 */
import { frameBytes } from '../base/limits.ts';
import { playbackUtterancesMax } from '../base/playback-limits.ts';
import { framesPerBlock } from '../memory/playback-layout.ts';
import type { PlaybackMemory } from '../memory/playback-memory.ts';
import type { Queue } from '../memory/playback-queue.ts';
import type { Views } from '../memory/views.ts';

/** What the end of an utterance may add to a full queue. */
const reserveFrames = 16;
/** Utterances begun at a time; no speaker has so many. */
const utterancesMax = 2 ** 16;

export class QueueReader {
  readonly queue: Queue;
  private readonly memory: PlaybackMemory;
  /** Of the queue, as owner of blocks. */
  private readonly owner: number;
  /** Frames taken, ever. */
  tail = 0;
  /** The utterance whose frames are being taken. */
  number = 1;
  /** Where the frame lies that `locate` found. */
  views!: Views;
  at = 0;
  // What `look` found.
  private head = 0;
  private lastBegun = 0;
  private hasPlace = false;
  private end = -1;

  constructor(memory: PlaybackMemory, queue: Queue, owner: number) {
    this.memory = memory;
    this.queue = queue;
    this.owner = owner;
  }

  /**
   * Reads what the writer says; what is said of it below is as of then. Once for a visit: each word lies in another processor's cache.
   * In this order: an utterance has begun, and has a place, before it has a frame.
   */
  look(): void {
    const { queue } = this;
    this.head = queue.head;
    this.lastBegun = queue.begun;
    this.lookAtUtterance();
  }

  /** Goes on to the next utterance. */
  pass(): void {
    this.number++;
    this.lookAtUtterance();
  }

  private lookAtUtterance(): void {
    const { queue, number } = this;
    const { places } = queue;
    this.hasPlace = places.hasPlace(number);
    this.end = places.hasEnded(number) ? places.endOf(number) : this.lastBegun > number ? this.endBeforeNext() : -1;
  }

  /** The frame at which another utterance begins, for the writer of this one is dead; else -1. */
  private endBeforeNext(): number {
    const { number, queue } = this;
    const { places } = queue;
    const last = Math.min(this.begun, number + playbackUtterancesMax);
    for (let next = number + 1; next <= last; next++) if (places.hasPlace(next)) return places.startOf(next);
    return -1;
  }

  get isCorrupt(): boolean {
    const { queue } = this;
    const queued = this.head - this.tail;
    const begun = this.lastBegun - (this.number - 1);
    return !(queued >= 0 && queued <= queue.framesMax + reserveFrames && begun >= 0 && begun <= utterancesMax);
  }

  /** Frames that wait, of whichever utterance; of a corrupt queue what there can be. */
  get queued(): number {
    return Math.min(Math.max(0, this.queue.head - this.tail), this.queue.framesMax + reserveFrames);
  }

  /** The last utterance that has begun; at most so many. */
  get begun(): number {
    return Math.min(Math.max(this.number - 1, this.lastBegun), this.number - 1 + utterancesMax);
  }

  /** No frame of the current utterance will follow those that are there. */
  get hasEnded(): boolean {
    return this.end >= 0 || (this.lastBegun > this.number && !this.hasPlace);
  }

  /** Frames of the current utterance that are there. */
  get available(): number {
    const { head, end, tail, hasPlace } = this;
    return hasPlace ? Math.max(0, Math.min(end < 0 ? head : end, head) - tail) : 0;
  }

  /** Leaves out frames that came after their utterance was cut off. Returns how many. */
  skipLate(): number {
    const late = this.lateFrames;
    if (late > 0) this.advance(late);
    return late;
  }
  get hasLate(): boolean {
    return this.lateFrames > 0;
  }

  private get lateFrames(): number {
    const { queue, number, head, hasPlace } = this;
    // They are of one that is to be come to.
    if (!hasPlace && this.lastBegun > number) return 0;
    const start = hasPlace ? queue.places.startOf(number) : head;
    return Math.max(0, Math.min(start, head) - this.tail);
  }

  /** Leaves out what is there of the current utterance. Returns how many frames that were. */
  skipCurrent(): number {
    const frames = this.available;
    if (frames > 0) this.advance(frames);
    return frames;
  }

  /** The writer's thread is dead: no frame follows of any utterance that it has not ended. */
  endOpen(): void {
    const { queue } = this;
    this.look();
    const { head } = this;
    for (let number = this.number; number <= this.begun; number++) {
      if (queue.places.hasPlace(number) && !queue.places.hasEnded(number)) queue.places.end(number, head);
    }
  }

  /** Leaves out everything. Returns how many frames that were. */
  skipAll(): number {
    const frames = this.queued;
    this.tail += frames;
    this.queue.tail = this.tail;
    return frames;
  }

  /** Finds the next frame, or the one so many further on. Returns how many lie in a row from there: 0 when none is where it should be. */
  locate(ahead: number): number {
    const { queue, memory, sampleRate } = this;
    const frame = this.tail + ahead;
    const perBlock = framesPerBlock(sampleRate);
    const block = queue.blockAt(Math.floor(frame / perBlock));
    if (!memory.isOwned(block, this.owner)) return 0;
    const before = frame % perBlock;
    this.views = memory.viewsOf(block);
    this.at = memory.offsetOf(block) + before * frameBytes(sampleRate);
    return perBlock - before;
  }

  /** So many frames are dealt with. */
  advance(frames: number): void {
    const { queue, memory, owner } = this;
    const perBlock = framesPerBlock(this.sampleRate);
    const before = Math.floor(this.tail / perBlock);
    this.tail += frames;
    const now = Math.floor(this.tail / perBlock);
    for (let ordinal = before; ordinal < now; ordinal++) {
      const block = queue.blockAt(ordinal);
      if (memory.isOwned(block, owner)) memory.release(block);
    }
    queue.tail = this.tail;
  }

  /** Set by the main thread when it is known, and never again. */
  sampleRate = 0;

  /** All memory back to the pool. */
  release(): void {
    this.memory.releaseAll(this.owner);
  }
}
