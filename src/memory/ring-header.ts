/**
 * A ring's header: whose ring it is, how far its writer has come, and how far readers with a gate have. The figures behind it
 * are in `ring-figures.ts`. Holds no state of its own; it can be moved from ring to ring. Any thread; `load…` and what waits are
 * for those that do not write the ring, the plain getters and what changes it for the worker that has its lane.
 */
import { ring } from './layout.ts';
import { inWords } from './offsets.ts';
import type { SharedMemory } from './shared-memory.ts';
import { slotBytes } from './sizes.ts';
import { ringState } from './states.ts';

const {
  sampleRate: sampleRateAt,
  slotBytes: slotBytesAt,
  head: headAt,
  gateAt: gateAtWord,
  idBytes: idBytesAt,
  state: stateAt,
  generation: generationAt,
  gates: gatesAt,
} = inWords(ring);

export class RingHeader {
  /** The slab in which the ring lies, and where it begins there: in bytes, in words, in doubles. */
  i32: Int32Array<SharedArrayBuffer>;
  f64: Float64Array<SharedArrayBuffer>;
  at: number;
  word: number;
  double: number;

  constructor(i32: Int32Array<SharedArrayBuffer>, f64: Float64Array<SharedArrayBuffer>, at: number) {
    this.i32 = i32;
    this.f64 = f64;
    this.at = at;
    this.word = at >> 2;
    this.double = at >> 3;
  }

  moveTo(i32: Int32Array<SharedArrayBuffer>, f64: Float64Array<SharedArrayBuffer>, at: number): void {
    this.i32 = i32;
    this.f64 = f64;
    this.at = at;
    this.word = at >> 2;
    this.double = at >> 3;
  }

  // ── for the writer ──
  get sampleRate(): number {
    return this.i32[this.word + sampleRateAt]!;
  }
  /** What a slot takes, at this rate. */
  get slotBytes(): number {
    return this.i32[this.word + slotBytesAt]!;
  }
  /** Frames published so far. */
  get head(): number {
    return this.i32[this.word + headAt]!;
  }
  /** At this head the writer looks how far readers with a gate have come. */
  get gateAt(): number {
    return this.i32[this.word + gateAtWord]!;
  }
  set gateAt(head: number) {
    this.i32[this.word + gateAtWord] = head;
  }
  /** Where the participant's id stands in the slab, in bytes; empty for mixed audio. */
  get idStart(): number {
    return this.at + ring.id;
  }
  get idEnd(): number {
    return this.at + ring.id + this.i32[this.word + idBytesAt]!;
  }

  /** Makes a zeroed ring a participant's. `id` is UTF-8; `bytes` are the slab's. */
  begin(sampleRate: number, bytes: Uint8Array, id: Uint8Array, idStart: number, idEnd: number): void {
    const { i32, word, at } = this;
    i32[word + sampleRateAt] = sampleRate;
    i32[word + slotBytesAt] = slotBytes(sampleRate);
    i32[word + idBytesAt] = idEnd - idStart;
    for (let i = idStart; i < idEnd; i++) bytes[at + ring.id + i - idStart] = id[i]!;
    Atomics.store(i32, word + stateAt, ringState.live);
  }

  /** So many frames exist from now on. */
  publish(head: number): void {
    Atomics.store(this.i32, this.word + headAt, head);
  }

  /** No frame will follow. */
  end(): void {
    Atomics.store(this.i32, this.word + stateAt, ringState.ended);
  }

  /** Whether it has not ended, and an id of so many bytes. */
  isLiveWith(idBytes: number): boolean {
    const { i32, word } = this;
    return i32[word + idBytesAt] === idBytes && i32[word + stateAt] === ringState.live;
  }

  /** Zeroes all but the generation, which changes first: a reader that still reads it notices before it sees zeros. */
  zero(slotsAt: number, slotCount: number): void {
    const { i32, f64, word, double, at } = this;
    Atomics.store(i32, word + stateAt, ringState.free);
    Atomics.add(i32, word + generationAt, 1);
    // One slot more than was published: a message with bad base64 may have left its beginning there.
    const slots = Math.min(this.head + 1, slotCount);
    f64.fill(0, slotsAt / 8, (slotsAt + slots * this.slotBytes) / 8);
    f64.fill(0, double + 1, (at + ring.end) / 8);
  }

  // ── for all other threads ──
  loadGeneration(): number {
    return Atomics.load(this.i32, this.word + generationAt);
  }
  loadState(): number {
    return Atomics.load(this.i32, this.word + stateAt);
  }
  loadHead(): number {
    return Atomics.load(this.i32, this.word + headAt);
  }
  /** Sleeps until the head is another one, at most so long. */
  waitForHead(head: number, timeoutMs: number): void {
    Atomics.wait(this.i32, this.word + headAt, head, timeoutMs);
  }

  // ── gates ──
  /** The first frame that the reader of a gate may still need, -1 if it does not know the ring. */
  loadGate(gate: number): number {
    return Atomics.load(this.i32, this.word + gatesAt + gate) - 1;
  }
  /** Only the reader. */
  storeGate(gate: number, next: number): void {
    Atomics.store(this.i32, this.word + gatesAt + gate, next + 1);
  }
  notifyGate(gate: number): void {
    Atomics.notify(this.i32, this.word + gatesAt + gate);
  }
  /** Sleeps until the reader has moved on from a position, at most so long. */
  waitAtGate(gate: number, next: number, timeoutMs: number): void {
    Atomics.wait(this.i32, this.word + gatesAt + gate, next + 1, timeoutMs);
  }
}

/** The header of a ring, to look at. */
export function ringHeader(memory: SharedMemory, index: number): RingHeader {
  const { i32, f64 } = memory.slabOf(index);
  return new RingHeader(i32, f64, memory.ringOffset(index));
}
