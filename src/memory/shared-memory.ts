/**
 * The shared memory of one gateway: created by the main thread, attached by workers, sinks and users' own threads.
 * The creator writes magic and version; `attach` refuses anything else. Memory is reserved, not touched: the operating
 * system gives pages when they are first written. Any thread.
 */
import { GatewayError } from '../base/errors.ts';
import { ringFramesMax, ringSlabBytes } from '../base/limits.ts';
import { ControlBlock, controlFault } from './control-block.ts';
import { LaneHeader } from './lane-header.ts';
import { ring } from './layout.ts';
import { alignUp } from './offsets.ts';
import * as sizes from './sizes.ts';
import { Views } from './views.ts';

export { layoutVersion } from './layout.ts';

/** What passes between threads (`workerData`, `postMessage`): shared, not copied. */
export interface SharedMemoryHandle {
  readonly control: SharedArrayBuffer;
  readonly streams: SharedArrayBuffer;
  readonly slabs: readonly SharedArrayBuffer[];
  readonly lanes: readonly SharedArrayBuffer[];
}

function reserve(bytes: number, what: string): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (error) {
    const mib = Math.ceil(bytes / 2 ** 20);
    throw new GatewayError(
      'memory_exhausted',
      `cannot reserve ${mib} MiB of shared memory for ${what}: lower --ring-memory-mb, --max-streams or --workers`,
      { cause: error },
    );
  }
}

/** The last slab has fewer than the others. */
function ringsInSlab(slab: number, { ringCount, ringSlotCount }: sizes.Geometry): number {
  const perSlab = sizes.ringsPerSlab(ringSlotCount);
  return Math.min(perSlab, ringCount - slab * perSlab);
}

export class SharedMemory {
  readonly handle: SharedMemoryHandle;
  readonly geometry: sizes.Geometry;
  readonly ringBytes: number;
  readonly slotsBytes: number;
  readonly ringsPerSlab: number;
  readonly streamBytes: number;
  readonly ringFramesMax: number;
  readonly control: ControlBlock;
  readonly streams: Views;
  readonly slabs: readonly Views[];
  readonly lanes: readonly LaneHeader[];

  private constructor(handle: SharedMemoryHandle, geometry: sizes.Geometry) {
    this.handle = handle;
    this.geometry = geometry;
    this.ringBytes = sizes.ringBytes(geometry.ringSlotCount);
    this.slotsBytes = sizes.slotsBytes(geometry.ringSlotCount);
    this.ringsPerSlab = sizes.ringsPerSlab(geometry.ringSlotCount);
    this.streamBytes = sizes.streamSlotBytes(geometry.participantsMax);
    this.control = new ControlBlock(handle.control);
    this.ringFramesMax = this.control.ringFramesMax;
    this.streams = new Views(handle.streams);
    this.slabs = handle.slabs.map((slab) => new Views(slab));
    this.lanes = handle.lanes.map((lane) => new LaneHeader(lane));
  }

  /** Throws `memory_exhausted`. Main thread. `framesMax`: of a ring; a test need not wait for 248 days. */
  static create(geometry: sizes.Geometry, framesMax: number = ringFramesMax): SharedMemory {
    const { ringCount, ringSlotCount, streamCount, participantsMax, laneCount, laneHalfBytes } = geometry;
    const perSlab = sizes.ringsPerSlab(ringSlotCount);
    const slabBytes = (slab: number) => ringsInSlab(slab, geometry) * sizes.ringBytes(ringSlotCount);
    const handle: SharedMemoryHandle = {
      control: reserve(sizes.controlBytes(ringCount), 'the ring pool'),
      streams: reserve(streamCount * sizes.streamSlotBytes(participantsMax), 'streams'),
      slabs: Array.from({ length: Math.ceil(ringCount / perSlab) }, (_, index) => reserve(slabBytes(index), 'rings')),
      lanes: Array.from({ length: laneCount }, () => reserve(sizes.laneBytes(laneHalfBytes), 'lanes')),
    };
    new ControlBlock(handle.control).writeSizes(geometry, framesMax);
    return new SharedMemory(handle, geometry);
  }

  /** Throws `bad_handle` when the memory is not a gateway's, or of another version. Any thread. */
  static attach(handle: SharedMemoryHandle): SharedMemory {
    const fault = controlFault(handle.control);
    if (fault !== null) throw new GatewayError('bad_handle', fault);
    return new SharedMemory(handle, new ControlBlock(handle.control).geometry);
  }

  slabOf(ringIndex: number): Views {
    return this.slabs[Math.floor(ringIndex / this.ringsPerSlab)]!;
  }

  /** Offset of a ring in its slab, in bytes. */
  ringOffset(ringIndex: number): number {
    return (ringIndex % this.ringsPerSlab) * ring.end;
  }

  /** Offset of a ring's slots in the same slab, in bytes. */
  slotsOffset(ringIndex: number): number {
    const rings = ringsInSlab(Math.floor(ringIndex / this.ringsPerSlab), this.geometry);
    return rings * ring.end + (ringIndex % this.ringsPerSlab) * this.slotsBytes;
  }

  /** Offset of a stream's slot, in bytes. */
  streamOffset(streamIndex: number): number {
    return streamIndex * this.streamBytes;
  }
}

/** The geometry that fits a memory cap: as many rings as the cap allows. */
export function fitGeometry(wanted: {
  ringSeconds: number;
  ringMemoryBytes: number;
  streamCount: number;
  participantsMax: number;
  laneCount: number;
  laneDataBytes: number;
}): sizes.Geometry {
  const ringSlotCount = sizes.ringSlotCount(wanted.ringSeconds);
  if (sizes.ringBytes(ringSlotCount) > ringSlabBytes) {
    throw new GatewayError('bad_settings', 'a bad setting:\n  --ring-seconds: one ring would not fit into a slab');
  }
  return {
    ringCount: Math.floor(wanted.ringMemoryBytes / sizes.ringBytes(ringSlotCount)),
    ringSlotCount,
    streamCount: wanted.streamCount,
    participantsMax: wanted.participantsMax,
    laneCount: wanted.laneCount,
    laneHalfBytes: alignUp(wanted.laneDataBytes + sizes.laneReserveBytes(wanted.streamCount), 8),
  };
}
