/** How large the blocks of shared memory are, and how many of them fit. Follows from `layout.ts` and the configuration. */
import { assertInvariant } from '../base/errors.ts';
import { frameBytes, framesPerSecond, packetFramesMax, ringSlabBytes } from '../base/limits.ts';
import { control, lane, record, ring, slot, streamSlot } from './layout.ts';
import { alignUp, cacheLinesBytes } from './offsets.ts';

/** The sizes that follow from the configuration. Written into `control`, so that `attach` needs no configuration. */
export interface Geometry {
  readonly ringCount: number;
  readonly ringSlotCount: number;
  readonly streamCount: number;
  readonly participantsMax: number;
  readonly laneCount: number;
  readonly laneHalfBytes: number;
}

export function controlBytes(ringCount: number): number {
  return alignUp(control.holders + 4 * ringCount, cacheLinesBytes);
}

export function streamSlotBytes(participantsMax: number): number {
  return alignUp(streamSlot.rings + 4 * participantsMax, cacheLinesBytes);
}

/** Slots that a reader cannot have: the one being written, and one more, so that no store can overtake its check. */
export const guardSlots = 2;

export function slotBytes(sampleRate: number): number {
  return alignUp(slot.pcm + frameBytes(sampleRate), 8);
}
export function ringSlotCount(ringSeconds: number): number {
  return Math.max(Math.ceil(ringSeconds * framesPerSecond), packetFramesMax) + guardSlots;
}
/** The slots of one ring. */
export function slotsBytes(slotCount: number): number {
  return alignUp(slotCount * slotBytes(24_000), cacheLinesBytes);
}
/** All that one participant costs. */
export function ringBytes(slotCount: number): number {
  return ring.end + slotsBytes(slotCount);
}
export function ringsPerSlab(slotCount: number): number {
  return Math.floor(ringSlabBytes / ringBytes(slotCount));
}

export function recordBytes(payloadBytes: number): number {
  return alignUp(record.payload + payloadBytes, 8);
}
export function laneBytes(halfBytes: number): number {
  return lane.halves + 2 * halfBytes;
}
/** Room in a half that messages may not take: a close and a release of every stream always fit, and the turn. */
export function laneReserveBytes(streamCount: number): number {
  return (2 * streamCount + 1) * recordBytes(0);
}

assertInvariant(slot.pcm % 8 === 0 && ring.end % 8 === 0 && lane.halves % 8 === 0, 'copies must be aligned');
assertInvariant(ringBytes(ringSlotCount(2)) <= 110_000, 'two seconds of one participant cost at most 110 KB');
