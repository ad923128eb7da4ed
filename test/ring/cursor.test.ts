import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardSlots } from '../../src/memory/sizes.ts';
import { frameFlag } from '../../src/memory/states.ts';
import { seeded } from '../support/seed.ts';
import { assertFrame, newRing, readable, readerOf, slots, write, writeMany } from './ring-rig.ts';

describe('a reader', () => {
  it('finds an empty ring empty, as often as it asks', () => {
    const { reader, frame } = newRing();
    expect([reader.read(frame), reader.read(frame)]).toEqual(['empty', 'empty']);
    expect(reader).toMatchObject({ framesRead: 0, framesLapped: 0, next: 0, lag: 0 });
  });

  it('reads every frame once, in order and whole, then nothing', () => {
    const { writer, reader, frame } = newRing();
    for (let n = 0; n < 100; n++) {
      write(writer, n);
      expect(reader.read(frame)).toBe('frame');
      assertFrame(frame, n);
      expect(reader.read(frame)).toBe('empty');
    }
    expect(reader).toMatchObject({ framesRead: 100, framesLapped: 0 });
  });

  it('does not see a frame before it is committed', () => {
    const { writer, reader, frame } = newRing();
    writer.bytes.fill(1, writer.nextPcm(), writer.nextPcm() + 640);
    expect(reader.read(frame)).toBe('empty');
  });

  it(`can be as far behind as the ring is long, less ${guardSlots} slots`, () => {
    const { writer, reader, frame } = newRing();
    writeMany(writer, 0, readable);
    expect(reader.lag).toBe(readable);
    for (let n = 0; n < readable; n++) {
      expect(reader.read(frame)).toBe('frame');
      assertFrame(frame, n);
    }
    expect(reader.framesLapped).toBe(0);
  });

  it.each([1, 2, slots, 5 * slots + 3])(
    'goes on at the oldest frame when it is %i too far behind, and counts exactly those',
    (tooFar) => {
      const { writer, reader, frame } = newRing();
      writeMany(writer, 0, readable + tooFar);
      expect(reader.read(frame)).toBe('frame');
      assertFrame(frame, tooFar);
      expect(reader).toMatchObject({ framesLapped: tooFar, framesRead: 1, next: tooFar + 1 });
    },
  );

  it('that comes late starts at the oldest frame that is still there', () => {
    const { memory, writer, frame } = newRing();
    writeMany(writer, 0, 50);
    const reader = readerOf(memory, writer);
    reader.read(frame);
    assertFrame(frame, 50 - readable);
    expect(reader.framesLapped).toBe(50 - readable);
  });

  it('knows its own cursor only: another one may be anywhere', () => {
    const { memory, writer, reader, frame } = newRing();
    const other = readerOf(memory, writer);
    writeMany(writer, 0, 3);
    for (let n = 0; n < 3; n++) reader.read(frame);
    expect(other.read(frame)).toBe('frame');
    assertFrame(frame, 0);
  });

  it('accounts for every frame, however it takes turns with the writer', () => {
    const turns = fc.array(fc.tuple(fc.nat(2 * slots), fc.nat(2 * slots)), { maxLength: 30, size: 'max' });
    const property = fc.property(turns, (pairs) => {
      const { writer, reader, frame } = newRing();
      let written = 0;
      for (const [writes, reads] of pairs) {
        writeMany(writer, written, writes);
        written += writes;
        for (let n = 0; n < reads && reader.read(frame) === 'frame'; n++) {
          assertFrame(frame, reader.framesRead + reader.framesLapped - 1);
        }
        expect(reader.framesRead + reader.framesLapped + reader.lag).toBe(written);
      }
      while (reader.read(frame) === 'frame') assertFrame(frame, reader.next - 1);
      expect(reader.framesRead + reader.framesLapped).toBe(written);
    });
    fc.assert(property, seeded({ numRuns: 200 }));
  });

  it('tells silent frames', () => {
    const { writer, reader, frame } = newRing();
    for (const flags of [0, frameFlag.silent, frameFlag.silent | frameFlag.partial, frameFlag.partial]) {
      writer.commit(640, flags, 0, 0, 0, 0);
    }
    for (const silent of [false, true, true, false]) {
      reader.read(frame);
      expect(frame.silent).toBe(silent);
    }
  });
});

describe('the end of a ring', () => {
  it('comes after the last frame', () => {
    const { writer, reader, frame } = newRing();
    writeMany(writer, 0, 2);
    writer.end();
    expect([reader.read(frame), reader.read(frame), reader.read(frame), reader.read(frame)]).toEqual([
      'frame',
      'frame',
      'ended',
      'ended',
    ]);
  });

  it('comes at once when there never was a frame', () => {
    const { writer, reader, frame } = newRing();
    writer.end();
    expect(reader.read(frame)).toBe('ended');
  });

  it('does not hide how many frames were lapped', () => {
    const { writer, reader, frame } = newRing();
    writeMany(writer, 0, 100);
    writer.end();
    while (reader.read(frame) === 'frame');
    expect(reader).toMatchObject({ framesLapped: 100 - readable, framesRead: readable });
  });
});
