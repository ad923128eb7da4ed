import { describe, expect, it } from 'vitest';
import { frameBytes, participantIdBytesMax, sampleRates } from '../../src/base/limits.ts';
import { ring } from '../../src/memory/layout.ts';
import { slotBytes } from '../../src/memory/sizes.ts';
import { ringState } from '../../src/memory/states.ts';
import { Frame } from '../../src/ring/frame.ts';
import { RingWriter } from '../../src/ring/writer.ts';
import { assertFrame, openRing, readerOf, ringParts, smallMemory, write, writeMany } from './ring-rig.ts';

describe('a writer', () => {
  it.each(sampleRates)('has room for a whole frame in every slot at %i Hz, and never leaves its ring', (sampleRate) => {
    const { memory, pool } = smallMemory(3, 5);
    const writers = [0, 1, 2].map(() => openRing(memory, pool, 'a', sampleRate));
    const middle = writers.find((writer) => writer.index === 1)!;
    const before = [0, 2].flatMap((index) => ringParts(memory, index).map((part) => Buffer.from(part)));
    const bytes = frameBytes(sampleRate);
    const places = new Set<number>();
    for (let n = 0; n < 20; n++) {
      const at = middle.nextPcm();
      places.add(at);
      middle.bytes.fill(0xff, at, at + bytes);
      middle.commit(bytes, -1, -1, Number.NaN, -1, -1);
    }
    expect(places.size).toBe(5);
    for (const at of places) expect(at % 8).toBe(0);
    const after = [0, 2].flatMap((index) => ringParts(memory, index));
    expect(after.map((part, i) => part.equals(before[i]!))).toEqual([true, true, true, true]);
    const slots = memory.slotsOffset(1);
    expect(Math.min(...places)).toBeGreaterThanOrEqual(slots);
    expect(Math.max(...places) + bytes).toBeLessThanOrEqual(slots + memory.slotsBytes);
  });

  it('overwrites the oldest slot, and nothing of the others', () => {
    const { memory, pool } = smallMemory(1, 5);
    const writer = openRing(memory, pool);
    writeMany(writer, 0, 5);
    const [, now] = ringParts(memory, writer.index);
    const slots = Buffer.from(now);
    const at = writer.nextPcm() - memory.slotsOffset(writer.index);
    write(writer, 5);
    const changed = Array.from(slots.keys()).filter((i) => slots[i] !== now[i]);
    expect(at).toBeLessThan(slotBytes(16_000));
    expect(changed.length).toBeGreaterThan(0);
    expect(Math.max(...changed)).toBeLessThan(slotBytes(16_000));
  });

  it('writes down whose ring it is: rate, id, state', () => {
    const { memory, pool } = smallMemory(2, 5);
    const id = 'é'.repeat(participantIdBytesMax / 2);
    const writer = openRing(memory, pool, id, 24_000);
    expect(writer.i32[(writer.at + ring.sampleRate) / 4]).toBe(24_000);
    expect(writer.i32[(writer.at + ring.idBytes) / 4]).toBe(participantIdBytesMax);
    expect(writer.i32[(writer.at + ring.state) / 4]).toBe(ringState.live);
    expect(writer.bytes.toString('utf8', writer.at + ring.id, writer.at + ring.id + participantIdBytesMax)).toBe(id);
  });

  it('keeps no state of its own: another one continues where it stopped', () => {
    const { memory, pool } = smallMemory(1, 6);
    const writer = openRing(memory, pool);
    const reader = readerOf(memory, writer);
    const frame = new Frame();
    for (let n = 0; n < 20; n++) {
      write(new RingWriter(memory, writer.index), n);
      expect(reader.read(frame)).toBe('frame');
      assertFrame(frame, n);
    }
  });
});
