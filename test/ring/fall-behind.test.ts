/** A reader that cannot take frames: what it cannot have any more counts as lapped while it waits, and nothing else changes. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seeded } from '../support/seed.ts';
import { assertFrame, newRing, readable, slots, writeMany } from './ring-rig.ts';

it('counts nothing while everything is there', () => {
  const { writer, reader, frame } = newRing();
  expect(reader.fallBehind()).toBe(true);
  writeMany(writer, 0, readable);
  expect(reader.fallBehind()).toBe(true);
  expect(reader).toMatchObject({ framesLapped: 0, framesRead: 0, next: 0, lag: readable });
  reader.read(frame);
  assertFrame(frame, 0);
});

it('counts what was overwritten, once, and continues at the oldest frame', () => {
  const { writer, reader, frame } = newRing();
  writeMany(writer, 0, readable + 5);
  for (let n = 0; n < 3; n++) expect(reader.fallBehind()).toBe(true);
  expect(reader).toMatchObject({ framesLapped: 5, framesRead: 0, next: 5, lag: readable });
  expect(reader.read(frame)).toBe('frame');
  assertFrame(frame, 5);
  expect(reader).toMatchObject({ framesLapped: 5, framesRead: 1 });
});

it('says that a ring is gone, and leaves the counting to the caller, who knows how long it was', () => {
  const { pool, writer, reader } = newRing();
  writeMany(writer, 0, 3);
  pool.release(writer.index);
  expect(reader.fallBehind()).toBe(false);
  expect(reader).toMatchObject({ framesLapped: 0, next: 0 });
  reader.abandon(3);
  expect(reader).toMatchObject({ framesLapped: 3, framesRead: 0, next: 3 });
});

it('does not end with its ring: an ended one is still there', () => {
  const { writer, reader } = newRing();
  writeMany(writer, 0, 2);
  writer.end();
  expect(reader.fallBehind()).toBe(true);
  expect(reader.lag).toBe(2);
});

it('keeps the identity, however writing, reading, waiting and going back take turns', () => {
  const step = fc.record({
    writes: fc.nat(2 * slots),
    reads: fc.nat(2 * slots),
    waits: fc.boolean(),
    fails: fc.boolean(),
  });
  const property = fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
    const { writer, reader, frame } = newRing();
    let written = 0;
    let held = { next: 0, framesLapped: 0 };
    for (const { writes, reads, waits, fails } of steps) {
      writeMany(writer, written, writes);
      written += writes;
      if (waits) reader.fallBehind();
      for (let n = 0; n < reads && reader.read(frame) === 'frame'; n++) assertFrame(frame, reader.next - 1);
      // A round that failed: back to what held.
      if (fails) reader.resume(held.next, held.framesLapped);
      else held = { next: reader.next, framesLapped: reader.framesLapped };
      expect(reader.framesRead + reader.framesLapped + reader.lag).toBe(written);
    }
    while (reader.read(frame) === 'frame') assertFrame(frame, reader.next - 1);
    expect(reader.framesRead + reader.framesLapped).toBe(written);
  });
  fc.assert(property, seeded({ numRuns: 200 }));
});
