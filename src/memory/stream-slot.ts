/**
 * A stream's slot: its format, its participants and their rings, what became of its messages. Holds no state of its own; it is
 * moved from slot to slot. Written by the worker that has the stream's lane, but for `brokeOffMs`, `beganMs` and the zeroing,
 * which are the main thread's; `load…` is for what others decide by while it may be written.
 */
import { subscriptionIdBytesMax } from '../base/limits.ts';
import { streamSlot } from './layout.ts';
import { inDoubles, inWords } from './offsets.ts';
import { type DropReason, reasonIndex } from './outcomes.ts';
import type { SharedMemory } from './shared-memory.ts';
import { owe, owedMs } from './time-debt.ts';

const {
  sampleRate: sampleRateAt,
  metadataCount: metadataCountAt,
  unmixed: unmixedAt,
  subscriptionIdBytes: subscriptionIdBytesAt,
  participantCount: participantCountAt,
  rings: ringsAt,
  end: endAt,
} = inWords(streamSlot);
const {
  brokeOffMs: brokeOffMsAt,
  beganMs: beganMsAt,
  lastAudioMs: lastAudioMsAt,
  committed: committedAt,
  control: controlAt,
  ignored: ignoredAt,
  audioBeforeMetadata: audioBeforeMetadataAt,
  dropped: droppedAt,
  costlyMs: costlyMsAt,
  otherMessages: otherMessagesAt,
  gatedMs: gatedMsAt,
} = inDoubles(streamSlot);

export class StreamSlot {
  /** Which one it is. */
  index: number;
  protected readonly memory: SharedMemory;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  word: number;
  double: number;

  constructor(memory: SharedMemory, index = 0) {
    this.memory = memory;
    this.i32 = memory.streams.i32;
    this.f64 = memory.streams.f64;
    this.index = index;
    const at = memory.streamOffset(index);
    this.word = at >> 2;
    this.double = at >> 3;
  }

  moveTo(index: number): void {
    this.index = index;
    const at = this.memory.streamOffset(index);
    this.word = at >> 2;
    this.double = at >> 3;
  }

  /** Before it is given to a stream. */
  zero(): void {
    this.f64.fill(0, this.double, this.double + this.memory.streamBytes / 8);
  }

  /** Hz; 0 until known; -1 after metadata that we do not support. */
  get rate(): number {
    return this.i32[this.word + sampleRateAt]!;
  }
  set rate(sampleRate: number) {
    this.i32[this.word + sampleRateAt] = sampleRate;
  }
  /** How often metadata came. */
  get metadataCount(): number {
    return this.i32[this.word + metadataCountAt]!;
  }
  set metadataCount(count: number) {
    this.i32[this.word + metadataCountAt] = count;
  }
  /** An id was seen. */
  get isUnmixed(): boolean {
    return this.i32[this.word + unmixedAt] === 1;
  }
  set isUnmixed(is: boolean) {
    this.i32[this.word + unmixedAt] = is ? 1 : 0;
  }
  get subscriptionId(): string | null {
    const length = this.i32[this.word + subscriptionIdBytesAt]!;
    const start = this.word * 4 + streamSlot.subscriptionId;
    return length === 0 ? null : this.memory.streams.bytes.toString('utf8', start, start + length);
  }
  /** One that is too long is none. */
  set subscriptionId(id: string) {
    const fits = Buffer.byteLength(id) <= subscriptionIdBytesMax;
    const start = this.word * 4 + streamSlot.subscriptionId;
    this.i32[this.word + subscriptionIdBytesAt] = fits ? this.memory.streams.bytes.write(id, start) : 0;
  }

  // ── participants and their rings, in order of appearance ──
  get participantCount(): number {
    return this.i32[this.word + participantCountAt]!;
  }
  set participantCount(count: number) {
    this.i32[this.word + participantCountAt] = count;
  }
  loadParticipantCount(): number {
    return Atomics.load(this.i32, this.word + participantCountAt);
  }
  storeParticipantCount(count: number): void {
    Atomics.store(this.i32, this.word + participantCountAt, count);
  }
  ring(participant: number): number {
    return this.i32[this.word + ringsAt + participant]!;
  }
  setRing(participant: number, ring: number): void {
    this.i32[this.word + ringsAt + participant] = ring;
  }
  loadRing(participant: number): number {
    return Atomics.load(this.i32, this.word + ringsAt + participant);
  }
  /** Puts a ring in the place of another one. */
  replaceRing(ring: number, by: number): void {
    Atomics.store(this.i32, this.i32.indexOf(ring, this.word + ringsAt), by);
  }
  /** All of them. */
  get rings(): Int32Array {
    const from = this.word + ringsAt;
    return this.i32.subarray(from, from + this.participantCount);
  }

  /** How far the stream's end has come, one of `streamEnd`. */
  loadEnd(): number {
    return Atomics.load(this.i32, this.word + endAt);
  }
  storeEnd(end: number): void {
    Atomics.store(this.i32, this.word + endAt, end);
  }

  // ── counters ──
  /** When the stream's last socket broke off, ms on the process's clock; 0: none did. Written by the main thread. */
  get brokeOffMs(): number {
    return this.f64[this.double + brokeOffMsAt]!;
  }
  set brokeOffMs(value: number) {
    this.f64[this.double + brokeOffMsAt] = value;
  }
  /** When the stream was connected, on the same clock. Written by the main thread, before anybody else looks. */
  get beganMs(): number {
    return this.f64[this.double + beganMsAt]!;
  }
  set beganMs(value: number) {
    this.f64[this.double + beganMsAt] = value;
  }
  /** Arrival of the last audio that was committed; 0 before. */
  get lastAudioMs(): number {
    return this.f64[this.double + lastAudioMsAt]!;
  }
  set lastAudioMs(value: number) {
    this.f64[this.double + lastAudioMsAt] = value;
  }
  get committed(): number {
    return this.f64[this.double + committedAt]!;
  }
  set committed(value: number) {
    this.f64[this.double + committedAt] = value;
  }
  get control(): number {
    return this.f64[this.double + controlAt]!;
  }
  set control(value: number) {
    this.f64[this.double + controlAt] = value;
  }
  get ignored(): number {
    return this.f64[this.double + ignoredAt]!;
  }
  set ignored(value: number) {
    this.f64[this.double + ignoredAt] = value;
  }
  get audioBeforeMetadata(): number {
    return this.f64[this.double + audioBeforeMetadataAt]!;
  }
  set audioBeforeMetadata(value: number) {
    this.f64[this.double + audioBeforeMetadataAt] = value;
  }
  dropped(reason: DropReason): number {
    return this.f64[this.double + droppedAt + reasonIndex[reason]]!;
  }
  drop(reason: DropReason): void {
    this.f64[this.double + droppedAt + reasonIndex[reason]]! += 1;
  }

  /** Time that costly messages took and that is not paid back, ms; `share` of the time that goes by is. */
  costlyOwedMs(share: number, nowMs: number): number {
    return owedMs(this.f64, this.double + costlyMsAt, share, nowMs);
  }
  oweCostly(share: number, costMs: number, nowMs: number): void {
    owe(this.f64, this.double + costlyMsAt, share, costMs, nowMs);
  }
  /** Messages that were no audio and are not paid back; `perMs` of them are. */
  otherMessagesOwed(perMs: number, nowMs: number): number {
    return owedMs(this.f64, this.double + otherMessagesAt, perMs, nowMs);
  }
  oweOtherMessage(perMs: number, nowMs: number): void {
    owe(this.f64, this.double + otherMessagesAt, perMs, 1, nowMs);
  }
  /** The same of the time for which its frames waited for readers. */
  gatedOwedMs(share: number, nowMs: number): number {
    return owedMs(this.f64, this.double + gatedMsAt, share, nowMs);
  }
  oweGated(share: number, costMs: number, nowMs: number): void {
    owe(this.f64, this.double + gatedMsAt, share, costMs, nowMs);
  }
  /** The debt of costly messages as it was when it was last added to. */
  get costlyMs(): number {
    return this.f64[this.double + costlyMsAt]!;
  }
}
