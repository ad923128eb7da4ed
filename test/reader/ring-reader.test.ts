/** A reader of the user's: every frame once, or counted as lapped; from any end; however it waits; through `postMessage`. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameFlag } from '../../src/memory/states.ts';
import type { RingHandle } from '../../src/reader/handle.ts';
import { ReaderGroup } from '../../src/reader/reader-group.ts';
import { RingReader } from '../../src/reader/ring-reader.ts';
import { placeOf } from '../../src/ring/cursor.ts';
import { Frame, FrameBatch } from '../../src/ring/frame.ts';
import { assertFrame, bytesOf, newRing, readable, slots, write, writeMany } from '../ring/ring-rig.ts';
import { trackOf } from '../sink/sink-rig.ts';
import { seeded } from '../support/seed.ts';

function rig() {
  const { memory, pool, writer } = newRing();
  const drained: unknown[] = [];
  const group = new ReaderGroup({ name: 'ears', memory, lingerMs: 50, onDrained: (...end) => drained.push(end) });
  const address = { index: writer.index, generation: 0 };
  group.started(address, 's');
  const handle = group.handle(address, trackOf('a'))!;
  return { memory, pool, writer, group, address, handle, drained, frame: new Frame() };
}

/** What the reader gives, one by one, until there is nothing. */
function readAll(reader: RingReader, frame: Frame): number[] {
  const sequences: number[] = [];
  while (reader.read(frame) === 'frame') {
    assertFrame(frame, frame.sequence);
    sequences.push(frame.sequence);
  }
  return sequences;
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

describe('reading', () => {
  it('gives every frame in order, then says that there is none yet, then that none will come', () => {
    const { writer, handle, frame } = rig();
    const reader = new RingReader(handle);
    writeMany(writer, 0, 5);
    expect(readAll(reader, frame)).toEqual(numbers(0, 5));
    expect(reader.read(frame)).toBe('empty');
    writer.end();
    expect([reader.read(frame), reader.read(frame)]).toEqual(['ended', 'ended']);
    expect(reader).toMatchObject({ framesRead: 5, framesLapped: 0, position: 5, lag: 0 });
    expect(reader.track).toEqual(trackOf('a'));
  });

  it('continues at the oldest frame when it was overtaken, and counts what it lost', () => {
    const { writer, handle, frame } = rig();
    const reader = new RingReader(handle);
    writeMany(writer, 0, 30);
    expect(reader.lag).toBe(30);
    expect(readAll(reader, frame)).toEqual(numbers(30 - readable, 30));
    expect(reader).toMatchObject({ framesRead: readable, framesLapped: 30 - readable });
  });

  it('begins with the newest frame on request; what was before is neither read nor lapped', () => {
    const { writer, handle, frame, group, address } = rig();
    writeMany(writer, 0, 4);
    const reader = new RingReader(handle, { from: 'newest' });
    expect(reader.read(frame)).toBe('empty');
    write(writer, 4);
    expect(readAll(reader, frame)).toEqual([4]);
    expect(reader).toMatchObject({ framesRead: 1, framesLapped: 0, position: 5 });
    writer.end();
    reader.read(frame);
    group.ended(address, 5);
    expect([group.frames, group.lappedFrames]).toEqual([1, 0]);
  });

  it('says that the ring is gone when it has another owner', () => {
    const { pool, writer, handle, frame } = rig();
    const reader = new RingReader(handle);
    writeMany(writer, 0, 3);
    pool.release(writer.index);
    expect([reader.read(frame), reader.read(frame)]).toEqual(['gone', 'ended']);
  });

  it('continues where another reader of the same handle has stopped', () => {
    const { writer, handle, frame, group } = rig();
    writeMany(writer, 0, 3);
    expect(readAll(new RingReader(handle), frame)).toEqual([0, 1, 2]);
    writeMany(writer, 3, 2);
    expect(readAll(new RingReader(handle), frame)).toEqual([3, 4]);
    expect(group.frames).toBe(5);
  });

  it('shows what is known of a frame: whether it was silent, twice, late, after a pause', () => {
    const { writer, handle, frame } = rig();
    const { silent, duplicate, late, resumed } = frameFlag;
    writer.commit(640, silent | late, 3, 1e12, 7, 320);
    writer.commit(320, duplicate | resumed, 0, 1e12, 7, 320);
    const reader = new RingReader(handle);
    reader.read(frame);
    expect(frame).toMatchObject({ silent: true, late: true, duplicate: false, resumed: false, sampleCount: 320 });
    reader.read(frame);
    expect(frame).toMatchObject({ silent: false, late: false, duplicate: true, resumed: true, sampleCount: 160 });
  });
});

describe('samples', () => {
  it('are those of the PCM, as 16-bit numbers and as numbers from -1 to 1', () => {
    const { writer, handle, frame } = rig();
    const at = writer.nextPcm();
    const values = [0, 1, -1, 32_767, -32_768];
    values.forEach((value, i) => {
      writer.bytes.writeInt16LE(value, at + 2 * i);
    });
    writer.commit(10, 0, 0, 1e12, 0, 0);
    new RingReader(handle).read(frame);
    expect([...frame.samples.subarray(0, frame.sampleCount)]).toEqual(values);
    const floats = new Float32Array(8).fill(9);
    expect(frame.toFloat32(floats, 2)).toBe(5);
    expect([...floats]).toEqual([9, 9, 0, 1 / 32_768, -1 / 32_768, 32_767 / 32_768, -1, 9]);
  });
});

describe('a batch', () => {
  it('takes what is there, at most as many frames as it holds, their samples side by side', () => {
    const { writer, handle } = rig();
    const reader = new RingReader(handle);
    const batch = new FrameBatch(3);
    writeMany(writer, 0, 5);
    const seen: number[] = [];
    const single = rig();
    writeMany(single.writer, 0, 5);
    const one = new RingReader(single.handle);
    while (reader.readBatch(batch) === 'frame') {
      for (let i = 0; i < batch.frameCount; i++) {
        one.read(single.frame);
        const end = batch.offsets[i]! + single.frame.sampleCount;
        expect(batch.samples.subarray(batch.offsets[i]!, end)).toEqual(
          single.frame.samples.subarray(0, single.frame.sampleCount),
        );
        const { sequence, timestampMs, arrivalMs, positionSamples, missingBefore, flags } = single.frame;
        expect([
          batch.sequences[i],
          batch.timestampsMs[i],
          batch.arrivalsMs[i],
          batch.positionsSamples[i],
          batch.missingBefore[i],
          batch.flags[i],
        ]).toEqual([sequence, timestampMs, arrivalMs, positionSamples, missingBefore, flags]);
        seen.push(sequence);
      }
    }
    expect(seen).toEqual(numbers(0, 5));
    expect([batch.frameCount, batch.sampleCount]).toEqual([0, 0]);
    expect(reader.framesRead).toBe(5);
    writer.end();
    expect(reader.readBatch(batch)).toBe('ended');
  });

  it('has as many numbers from -1 to 1 as samples', () => {
    const { writer, handle } = rig();
    writeMany(writer, 0, 2);
    const batch = new FrameBatch(4);
    new RingReader(handle).readBatch(batch);
    expect(batch.toFloat32(new Float32Array(2000))).toBe((bytesOf(0) + bytesOf(1)) / 2);
  });
});

describe('waiting', () => {
  it('ends at once when there is something, and after its time when there is not', () => {
    const { writer, handle } = rig();
    const reader = new RingReader(handle);
    const beganMs = performance.now();
    expect(reader.wait(30)).toBe('timeout');
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(29);
    write(writer, 0);
    expect(reader.wait(60_000)).toBe('frame');
    reader.read(new Frame());
    writer.end();
    expect(reader.wait(60_000)).toBe('ended');
  });

  it('does not miss what another thread writes meanwhile', async () => {
    const { handle, writer } = rig();
    const worker = new Worker(new URL('./waiting.worker.ts', import.meta.url), { workerData: handle });
    const told = once(worker, 'message');
    await once(worker, 'online');
    await sleep(50);
    writeMany(writer, 0, 3);
    await sleep(50);
    writeMany(writer, 3, 2);
    writer.end();
    expect((await told)[0]).toEqual([0, 1, 2, 3, 4]);
    await worker.terminate();
  });
});

describe('for await', () => {
  it('gives every frame as it comes, until the end', async () => {
    const { writer, handle } = rig();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const frame of new RingReader(handle)) seen.push(frame.sequence);
    })();
    writeMany(writer, 0, 2);
    await sleep(40);
    writeMany(writer, 2, 2);
    writer.end();
    await reading;
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  it('gives the rest up when it is left', async () => {
    const { writer, handle, group, address, drained } = rig();
    writeMany(writer, 0, 5);
    const reader = new RingReader(handle);
    for await (const frame of reader) if (frame.sequence === 1) break;
    expect(reader.read(new Frame())).toBe('ended');
    group.ended(address, 5);
    expect(drained).toEqual([['s', { framesRead: 2, framesLapped: 3 }]]);
  });
});

describe('a handle', () => {
  it('of something else, or of another version, is refused by name', () => {
    const { handle, memory, address } = rig();
    expect(() => new RingReader({ ...handle, layoutVersion: 1 })).toThrow(
      expect.objectContaining({ code: 'bad_handle', message: expect.stringContaining('one version') }),
    );
    const bare = placeOf(memory, address) as unknown as RingHandle;
    for (const wrong of [bare, {}, null, undefined, 'x'] as RingHandle[]) {
      expect(() => new RingReader(wrong)).toThrow(expect.objectContaining({ code: 'bad_handle' }));
    }
  });
});

it('keeps the identity, however writing and reading take turns, with frames, batches and new readers', () => {
  const step = fc.record({ writes: fc.nat(2 * slots), reads: fc.nat(slots), how: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
      const { writer, handle, group, address, frame } = rig();
      const batch = new FrameBatch(3);
      let reader = new RingReader(handle);
      let written = 0;
      let last = -1;
      const take = (sequence: number) => {
        if (sequence <= last) throw new Error(`frame ${sequence} after ${last}`);
        last = sequence;
      };
      for (const { writes, reads, how } of steps) {
        writeMany(writer, written, writes);
        written += writes;
        if (how === 3) reader = new RingReader(handle);
        for (let n = 0; n < reads; n++) {
          if (how === 1) {
            if (reader.readBatch(batch) !== 'frame') break;
            for (let i = 0; i < batch.frameCount; i++) take(batch.sequences[i]!);
          } else {
            if (reader.read(frame) !== 'frame') break;
            assertFrame(frame, frame.sequence);
            take(frame.sequence);
          }
        }
        expect(reader.framesRead + reader.framesLapped).toBe(reader.position);
        expect([group.frames, group.lappedFrames]).toEqual([reader.framesRead, reader.framesLapped]);
      }
      writer.end();
      reader.close();
      group.ended(address, written);
      expect(group.frames + group.lappedFrames).toBe(written);
    }),
    seeded({ numRuns: 200 }),
  );
});
