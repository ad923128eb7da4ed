/** What may happen to a ring under its reader, played in one thread: given to someone else, or overwritten in mid-read. */
import { describe, expect, it, vi } from 'vitest';
import { ring } from '../../src/memory/layout.ts';
import { placeOf, RingCursor } from '../../src/ring/cursor.ts';
import type { RingWriter } from '../../src/ring/writer.ts';
import { assertFrame, interruptible, newRing, openRing, readable, slots, write, writeMany } from './ring-rig.ts';

describe('a ring that went to someone else', () => {
  it('is gone for its reader, who sees no byte of the next participant', () => {
    const { memory, pool, writer, reader, frame } = newRing();
    writeMany(writer, 0, 3);
    reader.read(frame);
    pool.release(writer.index);
    expect(reader.read(frame)).toBe('gone');
    const next = openRing(memory, pool, 'b');
    expect(next.index).toBe(writer.index);
    writeMany(next, 100, 5);
    expect(reader.read(frame)).toBe('gone');
    assertFrame(frame, 0);
    expect(reader.framesRead).toBe(1);
  });

  it('is gone from the beginning for a reader with an old handle', () => {
    const { memory, pool, writer, frame } = newRing();
    const old = { index: writer.index, generation: 0 };
    pool.release(writer.index);
    writeMany(openRing(memory, pool, 'b'), 0, 3);
    expect(new RingCursor(placeOf(memory, old)).read(frame)).toBe('gone');
  });

  it('leaves what was never read to be counted as lapped', () => {
    const { pool, writer, reader, frame } = newRing();
    writeMany(writer, 0, 5);
    reader.read(frame);
    pool.release(writer.index);
    reader.abandon(5);
    expect(reader).toMatchObject({ framesRead: 1, framesLapped: 4, next: 5 });
    reader.abandon(5);
    expect(reader.framesLapped).toBe(4);
  });

  it('adds nothing for a reader who had read all of it', () => {
    const { writer, reader, frame } = newRing();
    writeMany(writer, 0, 2);
    while (reader.read(frame) === 'frame');
    reader.abandon(2);
    reader.abandon(1);
    expect(reader).toMatchObject({ framesRead: 2, framesLapped: 0, next: 2 });
  });
});

describe('a frame that is overwritten while it is read', () => {
  /** Reads once; in the middle of it, `written` frames are published. */
  function interrupted(written: number) {
    const { writer, reader } = newRing();
    write(writer, 0);
    let turns = 0;
    const frame = interruptible(() => {
      if (turns++ === 0) writeMany(writer, 1, written);
    });
    const result = reader.read(frame);
    return { result, frame, reader, turns };
  }

  it('is good as long as the writer is not within the guard', () => {
    const { result, frame, reader, turns } = interrupted(readable - 1);
    expect([result, reader.framesLapped, turns]).toEqual(['frame', 0, 1]);
    assertFrame(frame, 0);
  });

  it.each([readable, slots - 1, slots, 3 * slots])(
    'is never returned: after %i more it reads the oldest one instead',
    (written) => {
      const { result, frame, reader, turns } = interrupted(written);
      const lapped = written + 1 - readable;
      expect([result, reader.framesLapped, turns]).toEqual(['frame', lapped, 2]);
      assertFrame(frame, lapped);
    },
  );

  it('is gone when the ring was released meanwhile', () => {
    const { pool, writer, reader } = newRing();
    writeMany(writer, 0, 3);
    expect(reader.read(interruptible(() => pool.release(writer.index)))).toBe('gone');
    expect(reader).toMatchObject({ framesRead: 0, framesLapped: 0, next: 0 });
  });
});

describe('the end of a ring that is read at the same time', () => {
  /** Does something just before the next look at a word of the ring. */
  function beforeLoad(field: number, writer: RingWriter, act: () => void): void {
    const { load } = Atomics;
    const hooked = (words: Int32Array, index: number): number => {
      if (index === (writer.at + field) / 4) {
        spy.mockRestore();
        act();
      }
      return load(words, index);
    };
    const spy = vi.spyOn(Atomics, 'load').mockImplementation(hooked as unknown as typeof load);
  }

  it('is not told as long as a frame that came before it is to be read', () => {
    const { writer, reader, frame } = newRing();
    beforeLoad(ring.state, writer, () => {
      write(writer, 0);
      writer.end();
    });
    expect([reader.read(frame), reader.read(frame), reader.read(frame)]).toEqual(['empty', 'frame', 'ended']);
  });

  it('is not told of a ring that was given to someone else meanwhile', () => {
    const { pool, writer, reader, frame } = newRing();
    writer.end();
    beforeLoad(ring.state, writer, () => beforeLoad(ring.head, writer, () => pool.release(writer.index)));
    expect(reader.read(frame)).toBe('gone');
  });
});
