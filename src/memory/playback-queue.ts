/**
 * One stream's queue in shared memory, its words by name: the only code that turns their offsets into indices. Who may
 * write what stands in `playback-layout.ts`. Any thread.
 */
import { DoubleBuffer } from './double-buffer.ts';
import { playbackQueue, playbackQueueBytes, playbackTableLength, playedDoubles } from './playback-layout.ts';
import { UtterancePlaces } from './playback-utterances.ts';

const sampleRateWord = playbackQueue.sampleRate / 4;
const closedWord = playbackQueue.closed / 4;
const tailWord = playbackQueue.tail / 4;
const settledWord = playbackQueue.settled / 4;
const armedWord = playbackQueue.armed / 4;
const changesWord = playbackQueue.changes / 4;
const headWord = playbackQueue.head / 4;
const begunWord = playbackQueue.begun / 4;
const writingWord = playbackQueue.writing / 4;
const wantsRoomWord = playbackQueue.wantsRoom / 4;
const cutWord = playbackQueue.cut / 4;
const cutsWord = playbackQueue.cuts / 4;
const holderWord = playbackQueue.holder / 4;
const cutMsDouble = playbackQueue.cutMs / 8;
const blocksWord = playbackQueue.blocks / 4;

/** The words in which a writer counts what it refused. */
export const refusals = {
  full: playbackQueue.refusedFull / 4,
  cleared: playbackQueue.refusedCleared / 4,
  ended: playbackQueue.refusedEnded / 4,
} as const;
export type Refusal = keyof typeof refusals;

/** For one call at a time, of whichever queue. */
const playedNumbers = new Float64Array(playedDoubles);

export class Queue {
  readonly buffer: SharedArrayBuffer;
  readonly i32: Int32Array<SharedArrayBuffer>;
  // Made when something is begun: views cost more than what they show.
  private doubles: Float64Array<SharedArrayBuffer> | null = null;
  private utterancePlaces: UtterancePlaces | null = null;
  private playedBuffer: DoubleBuffer | null = null;
  private wasArmed = false;
  readonly framesMax: number;
  private readonly tableLength: number;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.i32 = new Int32Array(buffer, 0, buffer.byteLength >> 2);
    this.framesMax = this.i32[playbackQueue.framesMax / 4]!;
    this.tableLength = this.i32[playbackQueue.tableLength / 4]!;
  }

  /** Main thread. */
  static create(framesMax: number): Queue {
    const buffer = new SharedArrayBuffer(playbackQueueBytes(framesMax));
    const words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
    words[playbackQueue.framesMax / 4] = framesMax;
    words[playbackQueue.tableLength / 4] = playbackTableLength(framesMax);
    return new Queue(buffer);
  }

  static attach(buffer: SharedArrayBuffer): Queue {
    return new Queue(buffer);
  }

  private get f64(): Float64Array<SharedArrayBuffer> {
    this.doubles ??= new Float64Array(this.buffer, 0, this.buffer.byteLength >> 3);
    return this.doubles;
  }
  get places(): UtterancePlaces {
    this.utterancePlaces ??= new UtterancePlaces(this.i32, this.f64);
    return this.utterancePlaces;
  }
  private get played(): DoubleBuffer {
    this.playedBuffer ??= new DoubleBuffer(this.buffer, playbackQueue.played, playedDoubles);
    return this.playedBuffer;
  }

  /** Nothing was ever begun, written or cut off. */
  get isUntouched(): boolean {
    return this.begun === 0 && this.head === 0 && this.cuts === 0;
  }

  // ── written by the main thread ──

  get sampleRate(): number {
    return Atomics.load(this.i32, sampleRateWord);
  }
  set sampleRate(hz: number) {
    Atomics.store(this.i32, sampleRateWord, hz);
  }
  get isClosed(): boolean {
    return Atomics.load(this.i32, closedWord) !== 0;
  }
  close(): void {
    Atomics.store(this.i32, closedWord, 1);
  }
  get tail(): number {
    return Atomics.load(this.i32, tailWord);
  }
  set tail(frames: number) {
    Atomics.store(this.i32, tailWord, frames);
  }
  get settled(): number {
    return Atomics.load(this.i32, settledWord);
  }
  get isArmed(): boolean {
    return Atomics.load(this.i32, armedWord) !== 0;
  }
  /** Stored when it changes: no other thread writes it. */
  set isArmed(armed: boolean) {
    if (armed === this.wasArmed) return;
    this.wasArmed = armed;
    Atomics.store(this.i32, armedWord, Number(armed));
  }

  /** Utterances up to this one are over: the result of one that had a place was written before. */
  settle(number: number): void {
    Atomics.store(this.i32, settledWord, number);
  }
  /** @param deliveredMs audio that was sent and not silenced, ever @param endMs when all of it will have been played */
  notePlayed(deliveredMs: number, endMs: number): void {
    playedNumbers[0] = deliveredMs;
    playedNumbers[1] = endMs;
    this.played.write(playedNumbers);
  }
  /** How much of it is still to be played, and how much was. */
  unplayedMs(nowMs: number): number {
    this.played.read(playedNumbers);
    return Math.max(0, playedNumbers[1]! - nowMs);
  }
  playedMs(nowMs: number): number {
    const unplayedMs = this.unplayedMs(nowMs);
    return Math.max(0, playedNumbers[0]! - unplayedMs);
  }

  /** Wakes the threads that wait for a change. */
  tellChange(): void {
    Atomics.add(this.i32, changesWord, 1);
    Atomics.notify(this.i32, changesWord);
  }
  get changes(): number {
    return Atomics.load(this.i32, changesWord);
  }
  /** Resolves at the next change after so many, at once if there was one; or when the time is up. */
  async changed(changes: number, timeoutMs = Number.POSITIVE_INFINITY): Promise<void> {
    await Atomics.waitAsync(this.i32, changesWord, changes, timeoutMs).value;
  }

  // ── written by the writer ──

  get head(): number {
    return Atomics.load(this.i32, headWord);
  }
  set head(frames: number) {
    Atomics.store(this.i32, headWord, frames);
  }
  get begun(): number {
    return Atomics.load(this.i32, begunWord);
  }
  set begun(utterances: number) {
    Atomics.store(this.i32, begunWord, utterances);
  }
  get isWriting(): boolean {
    return Atomics.load(this.i32, writingWord) !== 0;
  }
  set isWriting(writing: boolean) {
    Atomics.store(this.i32, writingWord, Number(writing));
  }
  get wantsRoom(): boolean {
    return Atomics.load(this.i32, wantsRoomWord) !== 0;
  }
  set wantsRoom(wants: boolean) {
    Atomics.store(this.i32, wantsRoomWord, Number(wants));
  }
  refused(why: Refusal): void {
    Atomics.add(this.i32, refusals[why], 1);
  }

  /** The block in which the nth so many frames lie. */
  blockAt(ordinal: number): number {
    return Atomics.load(this.i32, blocksWord + (ordinal % this.tableLength));
  }
  setBlockAt(ordinal: number, block: number): void {
    Atomics.store(this.i32, blocksWord + (ordinal % this.tableLength), block);
  }

  // ── written by any thread ──

  get cut(): number {
    return Atomics.load(this.i32, cutWord);
  }
  get cuts(): number {
    return Atomics.load(this.i32, cutsWord);
  }
  get cutMs(): number {
    return this.f64[cutMsDouble]!;
  }
  /** Cuts off every utterance that has begun. */
  cutAll(nowMs: number): void {
    this.f64[cutMsDouble] = nowMs;
    for (;;) {
      const [cut, begun] = [this.cut, this.begun];
      if (begun <= cut || Atomics.compareExchange(this.i32, cutWord, cut, begun) === cut) break;
    }
    Atomics.add(this.i32, cutsWord, 1);
  }
  get holder(): number {
    return Atomics.load(this.i32, holderWord);
  }
  /** The first one has the queue for good. Returns whether that is this one. */
  claim(holder: number): boolean {
    const before = Atomics.compareExchange(this.i32, holderWord, 0, holder);
    return before === 0 || before === holder;
  }
}
