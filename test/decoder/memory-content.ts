/**
 * All that a lane, its streams and the pool hold, as text that can be compared: every counter and histogram, every stream's
 * slot, every ring that a stream has with each of its frames. Checks on the way that each ring is a stream's or free, and
 * that a free one holds nothing but zeros.
 */
import { ringFramesMax } from '../../src/base/limits.ts';
import { control, lane, ring, slot, streamSlot } from '../../src/memory/layout.ts';
import type { SharedMemory } from '../../src/memory/shared-memory.ts';
import { ringParts } from '../ring/ring-rig.ts';

export function contentOf(memory: SharedMemory, laneIndex: number): string {
  const { streamCount, ringCount } = memory.geometry;
  const lines = [counters(memory, laneIndex)];
  const owned = new Map<number, number>();
  for (let stream = 0; stream < streamCount; stream++) {
    const at = memory.streamOffset(stream);
    const { bytes, i32 } = memory.streams;
    const count = i32[(at + streamSlot.participantCount) / 4]!;
    // What a stream owes is never taken back.
    const debt = [streamSlot.otherMessages, streamSlot.otherMessages + 16] as const;
    const own = bytes.toString('hex', at, at + debt[0]) + bytes.toString('hex', at + debt[1], at + streamSlot.rings);
    lines.push(`stream ${stream} ${own}`);
    for (let i = 0; i < count; i++) {
      const index = i32[(at + streamSlot.rings) / 4 + i]!;
      if (owned.has(index)) throw new Error(`ring ${index} is stream ${owned.get(index)}'s and stream ${stream}'s`);
      owned.set(index, stream);
      lines.push(`ring ${index} ${ringContent(memory, index)}`);
    }
  }
  let held = 0;
  for (let index = 0; index < ringCount; index++) {
    const holder = memory.control.i32[control.holders / 4 + index]!;
    if (holder === laneIndex + 1) held++;
    const isElsewhere = holder === foreign(laneIndex) || (holder === laneIndex + 1 && isFull(memory, index));
    if ((holder !== 0) !== owned.has(index) && !isElsewhere) throw new Error(`ring ${index} is leaked`);
    if (holder === 0 && !isZero(memory, index)) throw new Error(`ring ${index} is free, but not zero`);
  }
  const counted = memory.lanes[laneIndex]!.i32[lane.ringsHeld / 4]!;
  if (counted !== held) throw new Error(`${held} rings are held, ${counted} are counted`);
  return lines.join('\n');
}

/** What the word of a ring says that a test took for a lane without streams. */
function foreign(laneIndex: number): number {
  return laneIndex === 0 ? 2 : 1;
}

/** The main thread's, once its participant has another one. */
function isFull(memory: SharedMemory, index: number): boolean {
  const [own] = ringParts(memory, index);
  return own.readInt32LE(ring.head) === ringFramesMax;
}

function counters({ lanes }: SharedMemory, laneIndex: number): string {
  const { bytes } = lanes[laneIndex]!;
  return `lane ${bytes.toString('hex', lane.committed, lane.batch)}`;
}

function ringContent(memory: SharedMemory, index: number): string {
  const [own] = ringParts(memory, index);
  const { bytes, i32 } = memory.slabOf(index);
  const head = own.readInt32LE(ring.head);
  const slotBytes = own.readInt32LE(ring.slotBytes);
  const { ringSlotCount } = memory.geometry;
  // When the writer looks at its readers next is a hint, and is never taken back.
  const lines = [own.toString('hex', ring.state, ring.gateAt), own.toString('hex', ring.gateAt + 4)];
  for (let n = Math.max(0, head - ringSlotCount + 2); n < head; n++) {
    const at = memory.slotsOffset(index) + (n % ringSlotCount) * slotBytes;
    lines.push(bytes.toString('hex', at, at + slot.pcm + i32[(at + slot.pcmBytes) / 4]!));
  }
  return lines.join(' ');
}

let zeros = Buffer.alloc(0);

function isZero(memory: SharedMemory, index: number): boolean {
  const [own, slots] = ringParts(memory, index);
  return [own.subarray(ring.state), slots].every((bytes) => {
    if (zeros.length < bytes.length) zeros = Buffer.alloc(bytes.length);
    return bytes.compare(zeros, 0, bytes.length) === 0;
  });
}
