/**
 * A gate: where the writers of all rings and one reader that needs every frame find each other. The reader says in each ring how
 * far it has come, durably; a writer that is about to overwrite more than that urges it, and may wait. It need not: what it
 * does about a reader that does not come is the writer's business. A gate has one holder at a time, a thread with a number; what
 * an earlier one still says does not count. Any thread.
 */
import { gatesMax } from '../base/limits.ts';
import { type RingHeader, ringHeader } from '../memory/ring-header.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { guardSlots } from '../memory/sizes.ts';
import type { RingAddress } from './cursor.ts';

/** What `positionIn` says of a ring that the reader does not know. */
export const unknown = -1;

export function gatesOf(memory: SharedMemory): Gate[] {
  return Array.from({ length: gatesMax }, (_, index) => new Gate(memory, index));
}

/** How many frames a ring can hold that a reader has not read. */
export function framesHeld(slotCount: number): number {
  return slotCount - guardSlots;
}

export class Gate {
  readonly index: number;
  private readonly memory: SharedMemory;
  private readonly words: Int32Array<SharedArrayBuffer>;
  /** The ring that is looked at. */
  private readonly ring: RingHeader;
  private readonly threadWord: number;
  private readonly urgesWord: number;
  private readonly movesWord: number;

  constructor(memory: SharedMemory, index: number) {
    this.memory = memory;
    this.index = index;
    this.words = memory.control.i32;
    const { thread, urges, moves } = memory.control.gateWords(index);
    this.threadWord = thread;
    this.urgesWord = urges;
    this.movesWord = moves;
    this.ring = ringHeader(memory, 0);
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
  positionIn(ring: RingHeader): number {
    return ring.loadGate(this.index);
  }
  /** Calls its reader. */
  urge(): void {
    Atomics.add(this.words, this.urgesWord, 1);
    Atomics.notify(this.words, this.urgesWord);
  }
  /** Sleeps until its reader has moved on from a position in a ring, at most so long. */
  wait(ring: RingHeader, position: number, timeoutMs: number): void {
    ring.waitAtGate(this.index, position, timeoutMs);
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
    const { ring, memory } = this;
    const { i32, f64 } = memory.slabOf(index);
    ring.moveTo(i32, f64, memory.ringOffset(index));
    if (ring.loadGate(this.index) === next || ring.loadGeneration() !== generation) return;
    ring.storeGate(this.index, next);
    Atomics.add(this.words, this.movesWord, 1);
    ring.notifyGate(this.index);
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
