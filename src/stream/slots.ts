/**
 * The slots of streams in shared memory, and which lane each stream is in. Invariant: a slot is used again only after it was
 * freed, which is when nothing of its stream is under way any more. Main thread.
 */
import type { Lane } from '../lane/lane.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { StreamSlot } from '../memory/stream-slot.ts';
import type { Stream } from './stream.ts';

export class StreamSlots {
  private readonly memory: SharedMemory;
  private readonly lanes: readonly Lane[];
  private readonly streams: (Stream | undefined)[] = [];
  private readonly free: number[];
  private readonly load: number[];

  constructor(memory: SharedMemory, lanes: readonly Lane[]) {
    const { streamCount } = memory.geometry;
    this.memory = memory;
    this.lanes = lanes;
    this.free = Array.from({ length: streamCount }, (_, i) => streamCount - 1 - i);
    this.load = lanes.map(() => 0);
  }

  get isFull(): boolean {
    return this.free.length === 0;
  }

  /** Gives a zeroed slot, and the lane with the fewest streams, to the stream that `create` makes. There must be room. */
  take(create: (index: number, lane: Lane) => Stream): Stream {
    const index = this.free.pop()!;
    const slot = new StreamSlot(this.memory, index);
    slot.zero();
    const lane = this.load.indexOf(Math.min(...this.load));
    this.load[lane]!++;
    const stream = create(index, this.lanes[lane]!);
    slot.beganMs = stream.connectedMs;
    this.streams[index] = stream;
    return stream;
  }

  at(index: number): Stream | undefined {
    return this.streams[index];
  }

  release({ index, lane }: Stream): void {
    this.streams[index] = undefined;
    this.free.push(index);
    this.load[lane.index]!--;
  }
}
