import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/base/errors.ts';
import { ringSlabBytes } from '../../src/base/limits.ts';
import { control, layoutVersion, ring } from '../../src/memory/layout.ts';
import { fitGeometry, SharedMemory } from '../../src/memory/shared-memory.ts';
import { type Geometry, laneReserveBytes, ringBytes, ringSlotCount } from '../../src/memory/sizes.ts';

const geometry: Geometry = {
  ringCount: 3,
  ringSlotCount: 10,
  streamCount: 2,
  participantsMax: 5,
  laneCount: 4,
  laneHalfBytes: 4096,
};

function complaint(act: () => unknown): GatewayError {
  try {
    act();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('did not complain');
}

describe('attaching', () => {
  it('needs no configuration: the memory says how it is laid out', () => {
    const { handle } = SharedMemory.create(geometry);
    expect(SharedMemory.attach(handle).geometry).toEqual(geometry);
  });

  it('sees what the creator writes, and the other way round', () => {
    const mine = SharedMemory.create(geometry);
    const theirs = SharedMemory.attach(structuredClone(mine.handle));
    mine.slabs[0]!.f64[7] = 1.5;
    theirs.lanes[3]!.i32[9] = -4;
    theirs.streams.bytes[3] = 200;
    expect([theirs.slabs[0]!.f64[7], mine.lanes[3]!.i32[9], mine.streams.bytes[3]]).toEqual([1.5, -4, 200]);
  });

  it.each([0, 3, 4, 131, 4096])('refuses %i bytes that are not a gateway’s', (bytes) => {
    const { handle } = SharedMemory.create(geometry);
    const foreign = { ...handle, control: new SharedArrayBuffer(bytes) };
    const error = complaint(() => SharedMemory.attach(foreign));
    expect(error.code).toBe('bad_handle');
    expect(error.message).toContain('not the shared memory of a gateway');
  });

  it.each([layoutVersion - 1, layoutVersion + 1])(
    'refuses layout version %i, and says which one it knows',
    (version) => {
      const { handle } = SharedMemory.create(geometry);
      new Int32Array(handle.control)[control.version / 4] = version;
      const error = complaint(() => SharedMemory.attach(handle));
      expect(error.code).toBe('bad_handle');
      expect(error.message).toContain(`layout ${version}, this code knows ${layoutVersion}`);
    },
  );

  it('refuses memory whose creator has not finished', () => {
    const { handle } = SharedMemory.create(geometry);
    new Int32Array(handle.control)[control.magic / 4] = 0;
    expect(complaint(() => SharedMemory.attach(handle)).code).toBe('bad_handle');
  });
});

describe('creating', () => {
  it('says what to lower when the memory cannot be had', () => {
    const error = complaint(() => SharedMemory.create({ ...geometry, laneHalfBytes: 2 ** 50 }));
    expect(error.code).toBe('memory_exhausted');
    expect(error.message).toContain('--workers');
  });

  it('gives every ring a place of its own, over as many slabs as it takes', () => {
    const slotCount = ringSlotCount(60);
    const perSlab = Math.floor(ringSlabBytes / ringBytes(slotCount));
    const memory = SharedMemory.create({ ...geometry, ringSlotCount: slotCount, ringCount: 2 * perSlab + 1 });
    expect(memory.slabs.map((slab) => slab.bytes.length)).toEqual(
      [perSlab, perSlab, 1].map((n) => n * ringBytes(slotCount)),
    );
    const places = Array.from(
      { length: 2 * perSlab + 1 },
      (_, i) => `${memory.slabs.indexOf(memory.slabOf(i))}:${memory.ringOffset(i)}`,
    );
    expect(new Set(places).size).toBe(places.length);
    for (const [slab, count] of [perSlab, perSlab, 1].entries()) {
      const rings = Array.from({ length: count }, (_, i) => slab * perSlab + i);
      const blocks = rings.flatMap((i) => [
        [memory.ringOffset(i), ring.end],
        [memory.slotsOffset(i), memory.slotsBytes],
      ]);
      let end = 0;
      for (const [at, bytes] of blocks.sort((a, b) => a[0]! - b[0]!)) {
        expect(at).toBeGreaterThanOrEqual(end);
        expect(at! % 128).toBe(0);
        end = at! + bytes!;
      }
      expect(end).toBeLessThanOrEqual(memory.slabs[slab]!.bytes.length);
    }
  });

  it('gives every stream a slot of its own', () => {
    const memory = SharedMemory.create(geometry);
    expect(memory.streamOffset(1) - memory.streamOffset(0)).toBe(memory.streamBytes);
    expect(memory.streams.bytes.length).toBe(2 * memory.streamBytes);
  });
});

describe('fitting a geometry to its limits', () => {
  const sizes = {
    ringSeconds: 2,
    ringMemoryBytes: 2 ** 20,
    streamCount: 10,
    participantsMax: 16,
    laneCount: 2,
    laneDataBytes: 1000,
  };

  it('makes as many rings as the memory allows, and no more', () => {
    const { ringCount, ringSlotCount: slots } = fitGeometry(sizes);
    expect(ringCount * ringBytes(slots)).toBeLessThanOrEqual(2 ** 20);
    expect((ringCount + 1) * ringBytes(slots)).toBeGreaterThan(2 ** 20);
  });

  it('leaves a lane its room for messages beside the room that is kept for control records', () => {
    const { laneHalfBytes } = fitGeometry(sizes);
    expect(laneHalfBytes - laneReserveBytes(10)).toBeGreaterThanOrEqual(1000);
    expect(laneHalfBytes % 8).toBe(0);
  });

  it('refuses rings that are longer than a slab, by the name of the setting', () => {
    const error = complaint(() => fitGeometry({ ...sizes, ringSeconds: 3600 }));
    expect(error).toMatchObject({ code: 'bad_settings', exitCode: 2 });
    expect(error.message).toContain('--ring-seconds');
  });
});
