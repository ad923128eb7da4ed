/**
 * Shared memory of audio on its way into calls: the pool of blocks, and the bell by which writers call the main thread. Created
 * by the main thread when it is asked for the first time, attached by writers. Reserved, not touched. Any thread.
 */
import { randomUUID } from 'node:crypto';
import { GatewayError } from '../base/errors.ts';
import { playbackBlockBytes, playbackOwnBlocks } from '../base/playback-limits.ts';
import { layoutVersion } from './layout.ts';
import {
  playbackBlockCount,
  playbackBlocksPerSlab,
  playbackMagic,
  playbackOwnersAt,
  playbackPool,
  playbackPoolBytes,
  playbackShares,
} from './playback-layout.ts';
import { Views } from './views.ts';

/** What passes between threads: shared, not copied. */
export interface PlaybackMemoryHandle {
  /** One for all handles of it: a copy of the handle has other objects for the same memory. */
  readonly id: string;
  /** Who has which block, and the bell. */
  readonly pool: SharedArrayBuffer;
  /** The blocks. */
  readonly slabs: readonly SharedArrayBuffer[];
}

const blockCountWord = playbackPool.blockCount / 4;
const queueCountWord = playbackPool.queueCount / 4;
const freeFromWord = playbackPool.freeFrom / 4;
const heldWord = playbackPool.blocksHeld / 4;
const commonWord = playbackPool.commonHeld / 4;
const doorbellWord = playbackPool.doorbell / 4;
const callersWord = playbackPool.callers / 4;
/** In the owner's word of a block that its queue shares with the others. */
const commonFlag = 2 ** 30;

/** What this thread has of it. */
const attached = new Map<string, WeakRef<PlaybackMemory>>();

export class PlaybackMemory {
  readonly handle: PlaybackMemoryHandle;
  readonly blockCount: number;
  readonly queueCount: number;
  /** Queues that there may be at a time. */
  readonly queuesMax: number;
  /** Of the pool. */
  readonly words: Int32Array<SharedArrayBuffer>;
  private readonly slabs: readonly Views[];
  private readonly samples: readonly Int16Array<SharedArrayBuffer>[];
  private readonly ownersWord: number;
  private readonly commonMax: number;

  private constructor(handle: PlaybackMemoryHandle, blockCount: number, queueCount: number) {
    this.handle = handle;
    this.words = new Int32Array(handle.pool);
    // What others may overwrite is read once, when attaching.
    this.blockCount = blockCount;
    this.queueCount = queueCount;
    const { queuesMax, commonMax } = playbackShares(blockCount);
    this.queuesMax = queuesMax;
    this.commonMax = commonMax;
    this.slabs = handle.slabs.map((slab) => new Views(slab));
    this.samples = handle.slabs.map((slab) => new Int16Array(slab));
    this.ownersWord = playbackOwnersAt(queueCount) / 4;
    for (const [id, memory] of attached) if (memory.deref() === undefined) attached.delete(id);
    attached.set(handle.id, new WeakRef(this));
  }

  /** Throws `memory_exhausted`. Main thread. */
  static create(bytesMax: number, queueCount: number): PlaybackMemory {
    const blockCount = playbackBlockCount(bytesMax);
    const slabCount = Math.ceil(blockCount / playbackBlocksPerSlab);
    const blocksIn = (slab: number) => Math.min(playbackBlocksPerSlab, blockCount - slab * playbackBlocksPerSlab);
    try {
      const pool = new SharedArrayBuffer(playbackPoolBytes(queueCount, blockCount));
      const slabs = Array.from(
        { length: slabCount },
        (_, slab) => new SharedArrayBuffer(blocksIn(slab) * playbackBlockBytes),
      );
      const words = new Int32Array(pool);
      words[blockCountWord] = blockCount;
      words[queueCountWord] = queueCount;
      words[playbackPool.version / 4] = layoutVersion;
      Atomics.store(words, playbackPool.magic / 4, playbackMagic);
      return new PlaybackMemory({ id: randomUUID(), pool, slabs }, blockCount, queueCount);
    } catch (cause) {
      const message = 'cannot reserve shared memory for playback: lower --playback-memory-mb';
      throw new GatewayError('memory_exhausted', message, { cause });
    }
  }

  /** The same for all writers of a thread: views of all the memory for each would be most of what a call costs. Throws `bad_handle`. Any thread. */
  static attach(handle: PlaybackMemoryHandle): PlaybackMemory {
    const known = attached.get(handle.id)?.deref();
    if (known !== undefined) return known;
    const words = new Int32Array(handle.pool);
    if (Atomics.load(words, playbackPool.magic / 4) !== playbackMagic) {
      throw new GatewayError('bad_handle', 'not the playback of a gateway');
    }
    return new PlaybackMemory(handle, words[blockCountWord]!, words[queueCountWord]!);
  }

  // ── blocks ──

  /**
   * A free block, from now on the queue's with this number, which has `own` of those that it has for certain; -1 when the memory is
   * spent. Writer thread.
   */
  claim(owner: number, own: number): number {
    if (own < playbackOwnBlocks) return this.take(owner);
    const { words } = this;
    if (Atomics.add(words, commonWord, 1) < this.commonMax) {
      const block = this.take(owner | commonFlag);
      if (block >= 0) return block;
    }
    Atomics.sub(words, commonWord, 1);
    return -1;
  }

  private take(mark: number): number {
    const { words, blockCount, ownersWord } = this;
    const from = Math.min(Math.max(0, Atomics.load(words, freeFromWord)), blockCount - 1);
    for (let n = 0; n < blockCount; n++) {
      const block = from + n < blockCount ? from + n : from + n - blockCount;
      if (Atomics.compareExchange(words, ownersWord + block, 0, mark) !== 0) continue;
      Atomics.add(words, heldWord, 1);
      // Unless a lower one came back meanwhile.
      Atomics.compareExchange(words, freeFromWord, from, block + 1 < blockCount ? block + 1 : 0);
      return block;
    }
    return -1;
  }

  /** Whether there is such a block, and it is this queue's. */
  isOwned(block: number, owner: number): boolean {
    if (!(block >= 0 && block < this.blockCount)) return false;
    return (Atomics.load(this.words, this.ownersWord + block) & ~commonFlag) === owner;
  }

  /** The same, and it is one that its queue has for certain. */
  isOwn(block: number, owner: number): boolean {
    return this.isOwned(block, owner) && (Atomics.load(this.words, this.ownersWord + block) & commonFlag) === 0;
  }

  /** Main thread. */
  release(block: number): void {
    const { words } = this;
    if ((Atomics.load(words, this.ownersWord + block) & commonFlag) !== 0) Atomics.sub(words, commonWord, 1);
    Atomics.sub(words, heldWord, 1);
    Atomics.store(words, this.ownersWord + block, 0);
    for (;;) {
      const from = Atomics.load(words, freeFromWord);
      if (from <= block || Atomics.compareExchange(words, freeFromWord, from, block) === from) return;
    }
  }

  /** All blocks of a queue that is closed. Main thread. */
  releaseAll(owner: number): void {
    for (let block = 0; block < this.blockCount; block++) if (this.isOwned(block, owner)) this.release(block);
  }

  /** Whether the writer of a queue that has so many of its own would get another one. */
  hasFree(own: number): boolean {
    const isCommon = own >= playbackOwnBlocks;
    return this.blocksHeld < this.blockCount && !(isCommon && Atomics.load(this.words, commonWord) >= this.commonMax);
  }
  get blocksHeld(): number {
    return Atomics.load(this.words, heldWord);
  }

  /** The slab of a block, in samples, and where the block begins there, in bytes. */
  samplesOf(block: number): Int16Array<SharedArrayBuffer> {
    return this.samples[Math.floor(block / playbackBlocksPerSlab)]!;
  }
  viewsOf(block: number): Views {
    return this.slabs[Math.floor(block / playbackBlocksPerSlab)]!;
  }
  offsetOf(block: number): number {
    return (block % playbackBlocksPerSlab) * playbackBlockBytes;
  }

  // ── the bell ──

  /** Makes the main thread look at a queue. Any thread. */
  ring(place: number): void {
    const { words } = this;
    Atomics.or(words, callersWord + (place >> 5), 1 << (place & 31));
    Atomics.add(words, doorbellWord, 1);
    Atomics.notify(words, doorbellWord);
  }

  /** What `waitForRing` waits to change. */
  get rings(): number {
    return Atomics.load(this.words, doorbellWord);
  }

  /** Resolves at the next ring after `rings` were seen; null if there was one already. */
  waitForRing(rings: number): Promise<unknown> | null {
    const { async, value } = Atomics.waitAsync(this.words, doorbellWord, rings);
    return async ? value : null;
  }

  /** Calls back for each place that rang since the last time. Main thread. */
  answer(visit: (place: number) => void): void {
    const { words } = this;
    for (let word = 0; word * 32 < this.queueCount; word++) {
      if (Atomics.load(words, callersWord + word) === 0) continue;
      let bits = Atomics.exchange(words, callersWord + word, 0);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        visit(word * 32 + bit);
      }
    }
  }
}
