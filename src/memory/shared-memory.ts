/**
 * The shared memory of one gateway: created by the main thread, attached by workers, sinks and users' own threads.
 * The creator writes magic and version; `attach` refuses anything else. Memory is reserved, not touched: the operating
 * system gives pages when they are first written. Any thread.
 */
import { GatewayError } from '../base/errors.ts';
import { ringFramesMax, ringSlabBytes } from '../base/limits.ts';
import * as layout from './layout.ts';
import { alignUp } from './offsets.ts';

/** What passes between threads (`workerData`, `postMessage`): shared, not copied. */
export interface SharedMemoryHandle {
  readonly control: SharedArrayBuffer;
  readonly streams: SharedArrayBuffer;
  readonly slabs: readonly SharedArrayBuffer[];
  readonly lanes: readonly SharedArrayBuffer[];
}

/** One buffer seen as words, as doubles, as bytes, and as words at any offset. */
export class Views {
  readonly i32: Int32Array<SharedArrayBuffer>;
  readonly f64: Float64Array<SharedArrayBuffer>;
  readonly bytes: Buffer<SharedArrayBuffer>;
  readonly data: DataView<SharedArrayBuffer>;

  constructor(buffer: SharedArrayBuffer) {
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.bytes = Buffer.from(buffer, 0, buffer.byteLength);
    this.data = new DataView(buffer);
  }
}

function reserve(bytes: number, what: string): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (error) {
    const mib = Math.ceil(bytes / 2 ** 20);
    throw new GatewayError(
      'memory_exhausted',
      `cannot reserve ${mib} MiB of shared memory for ${what}: lower --ring-memory-mb, --max-streams or --lanes`,
      { cause: error },
    );
  }
}

/** The last slab has fewer than the others. */
function ringsInSlab(slab: number, { ringCount, ringSlotCount }: layout.Geometry): number {
  const perSlab = layout.ringsPerSlab(ringSlotCount);
  return Math.min(perSlab, ringCount - slab * perSlab);
}

export class SharedMemory {
  readonly handle: SharedMemoryHandle;
  readonly geometry: layout.Geometry;
  readonly ringBytes: number;
  readonly slotsBytes: number;
  readonly ringsPerSlab: number;
  readonly streamBytes: number;
  readonly ringFramesMax: number;
  readonly control: Views;
  readonly streams: Views;
  readonly slabs: readonly Views[];
  readonly lanes: readonly Views[];

  private constructor(handle: SharedMemoryHandle, geometry: layout.Geometry) {
    this.handle = handle;
    this.geometry = geometry;
    this.ringBytes = layout.ringBytes(geometry.ringSlotCount);
    this.slotsBytes = layout.slotsBytes(geometry.ringSlotCount);
    this.ringsPerSlab = layout.ringsPerSlab(geometry.ringSlotCount);
    this.streamBytes = layout.streamSlotBytes(geometry.participantsMax);
    this.control = new Views(handle.control);
    this.ringFramesMax = this.control.i32[layout.control.ringFramesMax / 4]!;
    this.streams = new Views(handle.streams);
    this.slabs = handle.slabs.map((slab) => new Views(slab));
    this.lanes = handle.lanes.map((lane) => new Views(lane));
  }

  /** Throws `memory_exhausted`. Main thread. `framesMax`: of a ring; a test need not wait for 248 days. */
  static create(geometry: layout.Geometry, framesMax: number = ringFramesMax): SharedMemory {
    const { ringCount, ringSlotCount, streamCount, participantsMax, laneCount, laneHalfBytes } = geometry;
    const perSlab = layout.ringsPerSlab(ringSlotCount);
    const slabBytes = (slab: number) => ringsInSlab(slab, geometry) * layout.ringBytes(ringSlotCount);
    const handle: SharedMemoryHandle = {
      control: reserve(layout.controlBytes(ringCount), 'the ring pool'),
      streams: reserve(streamCount * layout.streamSlotBytes(participantsMax), 'streams'),
      slabs: Array.from({ length: Math.ceil(ringCount / perSlab) }, (_, index) => reserve(slabBytes(index), 'rings')),
      lanes: Array.from({ length: laneCount }, () => reserve(layout.laneBytes(laneHalfBytes), 'lanes')),
    };
    const words = new Int32Array(handle.control);
    words[layout.control.ringCount / 4] = ringCount;
    words[layout.control.ringSlotCount / 4] = ringSlotCount;
    words[layout.control.streamCount / 4] = streamCount;
    words[layout.control.participantsMax / 4] = participantsMax;
    words[layout.control.laneCount / 4] = laneCount;
    words[layout.control.laneHalfBytes / 4] = laneHalfBytes;
    words[layout.control.ringFramesMax / 4] = framesMax;
    words[layout.control.version / 4] = layout.layoutVersion;
    Atomics.store(words, layout.control.magic / 4, layout.layoutMagic);
    return new SharedMemory(handle, geometry);
  }

  /** Throws `bad_handle` when the memory is not a gateway's, or of another version. Any thread. */
  static attach(handle: SharedMemoryHandle): SharedMemory {
    const { byteLength } = handle.control;
    const words = new Int32Array(handle.control, 0, byteLength >> 2);
    // Foreign memory may be of any length.
    if (byteLength < layout.controlBytes(0) || Atomics.load(words, layout.control.magic / 4) !== layout.layoutMagic) {
      throw new GatewayError('bad_handle', 'not the shared memory of a gateway');
    }
    const version = words[layout.control.version / 4];
    if (version !== layout.layoutVersion) {
      const message = `shared memory has layout ${version}, this code knows ${layout.layoutVersion}: use one version of the package`;
      throw new GatewayError('bad_handle', message);
    }
    return new SharedMemory(handle, {
      ringCount: words[layout.control.ringCount / 4]!,
      ringSlotCount: words[layout.control.ringSlotCount / 4]!,
      streamCount: words[layout.control.streamCount / 4]!,
      participantsMax: words[layout.control.participantsMax / 4]!,
      laneCount: words[layout.control.laneCount / 4]!,
      laneHalfBytes: words[layout.control.laneHalfBytes / 4]!,
    });
  }

  slabOf(ringIndex: number): Views {
    return this.slabs[Math.floor(ringIndex / this.ringsPerSlab)]!;
  }

  /** Offset of a ring in its slab, in bytes. */
  ringOffset(ringIndex: number): number {
    return (ringIndex % this.ringsPerSlab) * layout.ring.end;
  }

  /** Offset of a ring's slots in the same slab, in bytes. */
  slotsOffset(ringIndex: number): number {
    const rings = ringsInSlab(Math.floor(ringIndex / this.ringsPerSlab), this.geometry);
    return rings * layout.ring.end + (ringIndex % this.ringsPerSlab) * this.slotsBytes;
  }

  /** Offset of a stream's slot, in bytes. */
  streamOffset(streamIndex: number): number {
    return streamIndex * this.streamBytes;
  }
}

/** The geometry that fits a memory cap: as many rings as the cap allows. */
export function fitGeometry(sizes: {
  ringSeconds: number;
  ringMemoryBytes: number;
  streamCount: number;
  participantsMax: number;
  laneCount: number;
  laneDataBytes: number;
}): layout.Geometry {
  const ringSlotCount = layout.ringSlotCount(sizes.ringSeconds);
  if (layout.ringBytes(ringSlotCount) > ringSlabBytes) {
    throw new GatewayError('bad_settings', 'a bad setting:\n  --ring-seconds: one ring would not fit into a slab');
  }
  return {
    ringCount: Math.floor(sizes.ringMemoryBytes / layout.ringBytes(ringSlotCount)),
    ringSlotCount,
    streamCount: sizes.streamCount,
    participantsMax: sizes.participantsMax,
    laneCount: sizes.laneCount,
    laneHalfBytes: alignUp(sizes.laneDataBytes + layout.laneReserveBytes(sizes.streamCount), 8),
  };
}
