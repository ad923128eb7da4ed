/**
 * A gate: where the writers of all rings and one reader that needs every frame find each other. The reader says in each ring how
 * far it has come, for good; a writer that is about to overwrite more than that urges it, and may wait. Nobody has to: what it
 * does about a reader that does not come is the writer's business. A gate has one holder at a time, a thread with a number; what
 * an earlier one still says does not count. Any thread.
 */
import { gatesMax, urgedRingsMax } from '../base/limits.ts';
import { control, gate, gateWords, guardSlots, lane, ring } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { RingAddress } from './cursor.ts';
import type { RingWriter } from './writer.ts';

/** What `positionIn` says of a ring that the reader does not know. */
export const unknown = -1;

export function gatesOf(memory: SharedMemory): Gate[] {
  return Array.from({ length: gatesMax }, (_, index) => new Gate(memory, index));
}

/** How many frames a ring can hold that a reader has not read. */
export function framesHeld(slotCount: number): number {
  return slotCount - guardSlots;
}

/** Names a ring to whoever is urged. Only the worker that has the lane. */
export function nameUrged(lane32: Int32Array, ringIndex: number): void {
  const count = lane32[lane.urgedCount / 4]!;
  lane32[lane.urged / 4 + (count & (urgedRingsMax - 1))] = ringIndex;
  Atomics.store(lane32, lane.urgedCount / 4, (count + 1) | 0);
}

export class Gate {
  readonly index: number;
  private readonly memory: SharedMemory;
  private readonly words: Int32Array<SharedArrayBuffer>;
  private readonly threadWord: number;
  private readonly urgesWord: number;
  private readonly movesWord: number;

  constructor(memory: SharedMemory, index: number) {
    this.memory = memory;
    this.index = index;
    this.words = memory.control.i32;
    const at = control.gates / 4 + index * gateWords;
    this.threadWord = at + gate.thread;
    this.urgesWord = at + gate.urges;
    this.movesWord = at + gate.moves;
  }

  // ── for the writer ──
  /** Its reader takes frames. */
  get isOpen(): boolean {
    return Atomics.load(this.words, this.threadWord) > 0;
  }
  /** Changes whenever its reader moves on, in any ring. */
  get moves(): number {
    return Atomics.load(this.words, this.movesWord);
  }
  /** The first frame of a ring that its reader may still need, or `unknown`. */
  positionIn({ i32, at }: RingWriter): number {
    return Atomics.load(i32, (at + ring.gates) / 4 + this.index) - 1;
  }
  /** Calls its reader. */
  urge(): void {
    Atomics.add(this.words, this.urgesWord, 1);
    Atomics.notify(this.words, this.urgesWord);
  }
  /** Sleeps until its reader has moved on from a position in a ring, at most so long. */
  wait({ i32, at }: RingWriter, position: number, timeoutMs: number): void {
    Atomics.wait(i32, (at + ring.gates) / 4 + this.index, position + 1, timeoutMs);
  }

  // ── for the reader ──
  /** From now on `thread`, a number greater than 0, holds it, unless another one does. */
  enter(thread: number): void {
    Atomics.compareExchange(this.words, this.threadWord, 0, thread);
  }
  /** Whether it is waited for at the moment. */
  setOpen(thread: number, isOpen: boolean): void {
    Atomics.compareExchange(this.words, this.threadWord, isOpen ? -thread : thread, isOpen ? thread : -thread);
  }
  /** All frames before `next` may be overwritten. */
  note(thread: number, { index, generation }: RingAddress, next: number): void {
    if (Math.abs(Atomics.load(this.words, this.threadWord)) !== thread) return;
    const { i32 } = this.memory.slabOf(index);
    const at = this.memory.ringOffset(index);
    const word = (at + ring.gates) / 4 + this.index;
    if (i32[word] === next + 1 || Atomics.load(i32, (at + ring.generation) / 4) !== generation) return;
    Atomics.store(i32, word, next + 1);
    Atomics.add(this.words, this.movesWord, 1);
    Atomics.notify(i32, word);
  }
  get urges(): number {
    return Atomics.load(this.words, this.urgesWord);
  }
  /** Calls back when it was urged more often than so; at once, but not within this call, if it was already. */
  afterUrge(urges: number, callBack: () => void): void {
    const { async: isAsync, value } = Atomics.waitAsync(this.words, this.urgesWord, urges);
    if (isAsync) void value.then(callBack);
    else setImmediate(callBack);
  }

  // ── for the main thread ──
  /** Its thread is gone, or does not count any more. */
  leave(): void {
    Atomics.store(this.words, this.threadWord, 0);
  }
}
