/**
 * A sink's side of its gate (`ring/gate.ts`): says how far the sink has come durably, and learns which rings are urgent. One that
 * does not need every frame has none: then nothing here does anything. Sink thread.
 */
import { urgedRingsMax } from '../base/limits.ts';
import { ringHeader } from '../memory/ring-header.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { type RingAddress, ringKey } from '../ring/cursor.ts';
import { framesHeld, Gate } from '../ring/gate.ts';
import type { GateKey } from './messages.ts';

/** More rings were urgent than are remembered. */
const allRings = 'all';

export class SinkGate {
  /** With fewer frames unread no ring is urgent. */
  readonly urgentFrames: number;
  private readonly memory: SharedMemory;
  private readonly gate: Gate | null;
  private readonly thread: number;
  private onUrged: (() => void) | null = null;
  /** For each lane, how many of its urgent rings were seen. */
  private readonly seen: Int32Array;

  constructor(memory: SharedMemory, { index, thread }: GateKey) {
    this.memory = memory;
    this.gate = index < 0 ? null : new Gate(memory, index);
    this.thread = thread;
    this.urgentFrames = framesHeld(memory.geometry.ringSlotCount) >> 2;
    this.seen = Int32Array.from(memory.lanes, (lane) => lane.loadUrgedCount());
  }

  /** From now on the sink is waited for. `onUrged`: there are urgent rings. */
  open(onUrged: () => void): void {
    if (this.gate === null) return;
    this.onUrged = onUrged;
    this.gate.enter(this.thread);
    this.listen(this.gate.urges);
  }

  close(): void {
    if (this.onUrged !== null) this.takesFrames(false);
    this.onUrged = null;
  }

  takesFrames(isReady: boolean): void {
    if (this.onUrged !== null) this.gate?.setOpen(this.thread, isReady);
  }

  /** All frames of a ring before `next` may be overwritten. */
  note(address: RingAddress, next: number): void {
    if (this.onUrged !== null) this.gate!.note(this.thread, address, next);
  }

  /** Those whose rings are urgent, by `ringKey`; all of them when more were than are remembered. */
  *urgedOf<Value>(values: ReadonlyMap<string, Value>): Generator<Value, void> {
    for (let key = this.nextUrged(); key !== null; key = this.nextUrged()) {
      if (key === allRings) yield* values.values();
      else if (values.has(key)) yield values.get(key)!;
    }
  }

  /** The key of an urgent ring, `allRings`, or null when there is none. */
  private nextUrged(): string | null {
    const { memory, seen } = this;
    for (let index = 0; index < seen.length; index++) {
      const lane = memory.lanes[index]!;
      const count = lane.loadUrgedCount();
      const behind = (count - seen[index]!) | 0;
      if (behind === 0) continue;
      if (behind >= urgedRingsMax) {
        seen[index] = count;
        return allRings;
      }
      const ringIndex = lane.urged(seen[index]!);
      seen[index]! += 1;
      const generation = ringHeader(memory, ringIndex).loadGeneration();
      return ringKey({ index: ringIndex, generation });
    }
    return null;
  }

  private listen(urges: number): void {
    this.gate!.afterUrge(urges, () => {
      if (this.onUrged === null) return;
      const { urges: heard } = this.gate!;
      this.onUrged();
      this.listen(heard);
    });
  }
}
