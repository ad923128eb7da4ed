/**
 * The layout of audio on its way into calls. All numbers are bytes from the start of the enclosing block. A queue is shared
 * memory of its own, which is never another stream's; the blocks with its PCM come from a pool and go back as soon as they are sent.
 *
 *   pool   | magic sizes | where to look | doorbell | callers, a bit each | owner × blockCount |
 *   queue  | rate, tail, settled, … , results | head, utterances, block table | cut |
 *   block  | PCM, whole frames |                                              slabs of them, like those of rings
 *
 * Who writes: a queue's first group the main thread, the second one the writer, the cut any thread; owners by compare-and-swap from
 * "none", back to "none" by the main thread. User threads hold all of this: the main thread believes no word that it did not write itself.
 */
import { assertInvariant } from '../base/errors.ts';
import { frameBytes, framesPerSecond, ringSlabBytes } from '../base/limits.ts';
import {
  playbackBlockBytes,
  playbackIdBytesMax,
  playbackOwnBlocks,
  playbackUtterancesMax,
} from '../base/playback-limits.ts';
import { doubleBufferBytes } from './double-buffer.ts';
import { alignUp, cacheLinesBytes, Offsets } from './offsets.ts';

/** "ACSP". */
export const playbackMagic = 0x41_43_53_50;

const poolOffsets = new Offsets();
export const playbackPool = {
  magic: poolOffsets.i32(),
  version: poolOffsets.i32(),
  blockCount: poolOffsets.i32(),
  queueCount: poolOffsets.i32(),
  /** Where to look for a free block first. */
  freeFrom: poolOffsets.apart().i32(),
  blocksHeld: poolOffsets.i32(),
  /** Of those the ones beyond what their queue has for certain. */
  commonHeld: poolOffsets.i32(),
  /** Counts up when a writer wants the main thread to look; the main thread sleeps on it. */
  doorbell: poolOffsets.apart().i32(),
  /** Who rang, a bit for each queue's place; behind it the owner of each block: the number of its queue, 0: free. */
  callers: poolOffsets.apart().end,
} as const;

export function playbackOwnersAt(queueCount: number): number {
  return alignUp(playbackPool.callers + 4 * Math.ceil(queueCount / 32), cacheLinesBytes);
}
export function playbackPoolBytes(queueCount: number, blockCount: number): number {
  return playbackOwnersAt(queueCount) + 4 * blockCount;
}
export function playbackBlockCount(bytesMax: number): number {
  return Math.max(1, Math.floor(bytesMax / playbackBlockBytes));
}

/** How many queues there may be, and how many blocks they share beyond their own: those of all queues are never more than there are. */
export function playbackShares(blockCount: number): { readonly queuesMax: number; readonly commonMax: number } {
  const queuesMax = Math.max(1, Math.floor(blockCount / 2 / playbackOwnBlocks));
  return { queuesMax, commonMax: Math.max(0, blockCount - queuesMax * playbackOwnBlocks) };
}

export const playbackBlocksPerSlab = Math.floor(ringSlabBytes / playbackBlockBytes);

/** Of one utterance, as its writer says. */
const utteranceOffsets = new Offsets();
export const utterance = {
  /** Which one has this place; counted from 1. */
  number: utteranceOffsets.i32(),
  /** Its first frame, and whether it is of no use when it comes late. */
  start: utteranceOffsets.i32(),
  isLive: utteranceOffsets.i32(),
  /** Its number again when no frame will follow, and behind its last frame. */
  ended: utteranceOffsets.i32(),
  end: utteranceOffsets.i32(),
  idBytes: utteranceOffsets.i32(),
  id: utteranceOffsets.bytes(playbackIdBytesMax),
  bytes: alignUp(utteranceOffsets.end, 8),
} as const;

/** What became of one utterance, as the main thread says. */
const resultOffsets = new Offsets();
export const utteranceResult = {
  outcome: resultOffsets.i32(),
  playedMs: resultOffsets.f64(),
  underruns: resultOffsets.i32(),
  bytes: alignUp(resultOffsets.end, 8),
} as const;
export const utteranceOutcome = { played: 1, cleared: 2, discarded: 3 } as const;

/** Doubles that the main thread writes together: ms sent and not silenced, and when they will have been played. */
export const playedDoubles = 2;

const queueOffsets = new Offsets();
export const playbackQueue = {
  // Written by the main thread.
  /** Hz; 0 until the metadata have said it. */
  sampleRate: queueOffsets.i32(),
  framesMax: queueOffsets.i32(),
  /** Of the block table. */
  tableLength: queueOffsets.i32(),
  /** 1: nothing will be sent any more. */
  closed: queueOffsets.i32(),
  /** Frames taken, ever: sent, cleared or discarded. */
  tail: queueOffsets.i32(),
  /** Utterances that are over, ever. */
  settled: queueOffsets.i32(),
  /** 1 while the main thread looks by itself. */
  armed: queueOffsets.i32(),
  /** Counts up when something changed that a writer may wait for. */
  changes: queueOffsets.i32(),
  played: queueOffsets.bytes(doubleBufferBytes(playedDoubles)),
  results: queueOffsets.bytes(playbackUtterancesMax * utteranceResult.bytes),

  // Written by the writer.
  /** Frames that are whole, ever. */
  head: queueOffsets.apart().i32(),
  /** Utterances begun, ever. */
  begun: queueOffsets.i32(),
  /** 1 while it writes into a block. */
  writing: queueOffsets.i32(),
  /** 1: it waits for room. */
  wantsRoom: queueOffsets.i32(),
  refusedFull: queueOffsets.i32(),
  refusedCleared: queueOffsets.i32(),
  refusedEnded: queueOffsets.i32(),

  // Written by any thread.
  /** Utterances up to this one are cut off; how often that was asked for, and when it was last. */
  cut: queueOffsets.i32(),
  cuts: queueOffsets.i32(),
  cutMs: queueOffsets.f64(),
  /** Who speaks: a number for the program and for each sink, by compare-and-swap from 0, no one yet. */
  holder: queueOffsets.i32(),

  // Written by the writer.
  utterances: queueOffsets.bytes(playbackUtterancesMax * utterance.bytes),
  /** The block of frames n × frames-per-block …, by n modulo the length. */
  blocks: queueOffsets.bytes(0),
} as const;

export function framesPerBlock(sampleRate: number): number {
  return playbackBlockBytes / frameBytes(sampleRate);
}
/** Frames that may wait in one queue. */
export function playbackFramesMax(seconds: number): number {
  return Math.ceil(seconds * framesPerSecond);
}
/** Blocks that frames may lie in, with the one that is being filled and the one that is being sent. */
export function playbackTableLength(framesMax: number): number {
  return Math.ceil(framesMax / framesPerBlock(24_000)) + 3;
}
export function playbackQueueBytes(framesMax: number): number {
  return playbackQueue.blocks + 4 * playbackTableLength(framesMax);
}

assertInvariant(
  playbackQueueBytes(playbackFramesMax(30)) <= 1_664,
  'a stream that may speak costs little until it does',
);
