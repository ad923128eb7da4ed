/**
 * What all threads of a gateway share: the sizes of its memory, which lane has which ring, and the gates. Written by
 * compare-and-swap. Any thread.
 */
import { control, gate, gateWords, layoutMagic, layoutVersion } from './layout.ts';
import { inWords } from './offsets.ts';
import { controlBytes, type Geometry } from './sizes.ts';
import { Views } from './views.ts';

const {
  ringCount: ringCountAt,
  ringSlotCount: ringSlotCountAt,
  streamCount: streamCountAt,
  participantsMax: participantsMaxAt,
  laneCount: laneCountAt,
  laneHalfBytes: laneHalfBytesAt,
  ringFramesMax: ringFramesMaxAt,
  version: versionAt,
  magic: magicAt,
  freeFrom: freeFromAt,
  ringsHeld: ringsHeldAt,
  holders: holdersAt,
  gates: gatesAt,
} = inWords(control);

export class ControlBlock extends Views {
  /** Magic and version are written last: a thread that sees them sees the sizes. */
  writeSizes(geometry: Geometry, ringFramesMax: number): void {
    const { i32 } = this;
    i32[ringCountAt] = geometry.ringCount;
    i32[ringSlotCountAt] = geometry.ringSlotCount;
    i32[streamCountAt] = geometry.streamCount;
    i32[participantsMaxAt] = geometry.participantsMax;
    i32[laneCountAt] = geometry.laneCount;
    i32[laneHalfBytesAt] = geometry.laneHalfBytes;
    i32[ringFramesMaxAt] = ringFramesMax;
    i32[versionAt] = layoutVersion;
    Atomics.store(i32, magicAt, layoutMagic);
  }

  get geometry(): Geometry {
    const { i32 } = this;
    return {
      ringCount: i32[ringCountAt]!,
      ringSlotCount: i32[ringSlotCountAt]!,
      streamCount: i32[streamCountAt]!,
      participantsMax: i32[participantsMaxAt]!,
      laneCount: i32[laneCountAt]!,
      laneHalfBytes: i32[laneHalfBytesAt]!,
    };
  }
  get ringFramesMax(): number {
    return this.i32[ringFramesMaxAt]!;
  }

  /** Where to look for a free ring first. */
  loadFreeFrom(): number {
    return Atomics.load(this.i32, freeFromAt);
  }
  storeFreeFrom(index: number): void {
    Atomics.store(this.i32, freeFromAt, index);
  }
  /** Returns what it was: it has become `to` if that is `from`. */
  moveFreeFrom(from: number, to: number): number {
    return Atomics.compareExchange(this.i32, freeFromAt, from, to);
  }

  /** Rings that the main thread writes itself. */
  loadRingsHeld(): number {
    return Atomics.load(this.i32, ringsHeldAt);
  }
  addRingsHeld(count: number): void {
    Atomics.add(this.i32, ringsHeldAt, count);
  }

  /** The lane that has a ring, -1 when it is free. */
  loadHolder(ring: number): number {
    return Atomics.load(this.i32, holdersAt + ring) - 1;
  }
  /** Returns whether the ring was free, and is the lane's now. */
  takeRing(ring: number, lane: number): boolean {
    return Atomics.compareExchange(this.i32, holdersAt + ring, 0, lane + 1) === 0;
  }
  freeRing(ring: number): void {
    Atomics.store(this.i32, holdersAt + ring, 0);
  }

  /** The words of a gate: who holds it, how often it was urged, how often its reader has moved on. */
  gateWords(index: number): { readonly thread: number; readonly urges: number; readonly moves: number } {
    const word = gatesAt + index * gateWords;
    return { thread: word + gate.thread, urges: word + gate.urges, moves: word + gate.moves };
  }
}

/** What is wrong with memory that should be a gateway's; null when it is one. It may be of any length. */
export function controlFault(buffer: SharedArrayBuffer): string | null {
  const words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
  if (buffer.byteLength < controlBytes(0) || Atomics.load(words, magicAt) !== layoutMagic) {
    return 'not the shared memory of a gateway';
  }
  const version = words[versionAt];
  if (version === layoutVersion) return null;
  return `shared memory has layout ${version}, this code knows ${layoutVersion}: use one version of the package`;
}
