/** What a sink's loop does with rings: it reads every frame once or counts it as lapped, also when its thread dies, and whatever the sink throws. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { guardSlots } from '../../src/memory/sizes.ts';
import { writeMany } from '../ring/ring-rig.ts';
import { endOf, SinkRig } from './sink-rig.ts';

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** What an exception does that nobody guards: the loop never comes to what it would have done next. */
class Death extends Error {}

/** Has the loop die behind this frame, in its own code: it guards what a sink throws. */
function dieAt(rig: SinkRig, sequence: number): void {
  rig.sink.onFrame = (frame) => {
    if (frame.sequence !== sequence) return;
    rig.sink.onFrame = () => {};
    // The next read is the loop's own.
    Object.defineProperty(frame, 'sequence', {
      configurable: true,
      get: () => sequence,
      set: () => {
        delete (frame as { sequence?: number }).sequence;
        vi.clearAllTimers();
        throw new Death();
      },
    });
  };
}

describe('a track', () => {
  it('is read once per interval, and at once when it ends', () => {
    const rig = new SinkRig();
    const { writer, ring, progress } = rig.begin();
    writeMany(writer, 0, 5);
    vi.advanceTimersByTime(220);
    expect(rig.sink.writers).toEqual([numbers(0, 5)]);
    writeMany(writer, 5, 3);
    rig.loop.take({ type: 'ended', ring, frames: 8 });
    expect(rig.sink.writers).toEqual([numbers(0, 8)]);
    expect(rig.sink.ends).toEqual([{ framesRead: 8, framesLapped: 0 }]);
    expect(rig.toldOf('drained')).toEqual([{ type: 'drained', ring }]);
    expect([progress.framesRead, progress.framesLapped, progress.framesLost, rig.errors]).toEqual([8, 0, 0, 0]);
  });

  it('whose frames were overwritten before they were read has them counted as lapped, exactly', () => {
    const rig = new SinkRig(12);
    const { writer, ring, progress } = rig.begin();
    writeMany(writer, 0, 100);
    rig.loop.take({ type: 'ended', ring, frames: 100 });
    const readable = 12 - guardSlots;
    expect(rig.sink.writers).toEqual([numbers(100 - readable, 100)]);
    expect([progress.framesRead, progress.framesLapped]).toEqual([readable, 100 - readable]);
  });

  it('whose ring was given away has everything that was not read counted as lapped', () => {
    const rig = new SinkRig();
    const { writer, ring, progress } = rig.begin();
    writeMany(writer, 0, 4);
    vi.advanceTimersByTime(220);
    writeMany(writer, 4, 3);
    rig.pool.release(writer.index);
    rig.loop.take({ type: 'ended', ring, frames: 7 });
    expect([progress.framesRead, progress.framesLapped]).toEqual([4, 3]);
  });
});

describe('a thread that takes over', () => {
  it('continues behind the last flush: what the dead one had read since is read again, and counted once', () => {
    const rig = new SinkRig();
    const { writer, ring, start, progress } = rig.begin();
    writeMany(writer, 0, 4);
    vi.advanceTimersByTime(220);
    writeMany(writer, 4, 4);
    dieAt(rig, 6);
    expect(() => vi.advanceTimersByTime(220)).toThrow(Death);
    expect(progress.framesRead).toBe(4);

    rig.newThread().take({ type: 'started', tracks: [start] });
    writeMany(writer, 8, 1);
    rig.loop.take({ type: 'ended', ring, frames: 9 });
    expect(rig.sink.writers).toEqual([numbers(0, 7), numbers(4, 9)]);
    expect([progress.framesRead, progress.framesLapped]).toEqual([9, 0]);
    expect(rig.sink.ends).toEqual([{ framesRead: 9, framesLapped: 0 }]);
  });

  it('gives the writer the numbers that it had at the last flush', () => {
    const rig = new SinkRig();
    const { writer, start, progress } = rig.begin();
    writeMany(writer, 0, 4);
    vi.advanceTimersByTime(220);
    writeMany(writer, 4, 4);
    dieAt(rig, 6);
    expect(() => vi.advanceTimersByTime(220)).toThrow(Death);
    rig.newThread().take({ type: 'started', tracks: [start] });
    vi.advanceTimersByTime(220);
    // One for each frame, none twice.
    expect(progress.recall().at(3)).toBe(8);
  });

  it('counts as lapped what was overwritten without a thread, and as read what the dead one had noted', () => {
    const rig = new SinkRig(12);
    const { writer, ring, start, progress } = rig.begin();
    writeMany(writer, 0, 6);
    vi.advanceTimersByTime(220);
    vi.clearAllTimers();
    writeMany(writer, 6, 50);
    rig.newThread().take({ type: 'started', tracks: [start] });
    rig.loop.take({ type: 'ended', ring, frames: 56 });
    const readable = 12 - guardSlots;
    expect([progress.framesRead, progress.framesLapped]).toEqual([6 + readable, 50 - readable]);
    expect(rig.sink.ends).toEqual([{ framesRead: 6 + readable, framesLapped: 50 - readable }]);
  });

  it('drains a track that ended without a thread, also if its ring is gone', () => {
    const rig = new SinkRig();
    const { writer, ring, start, progress } = rig.begin();
    writeMany(writer, 0, 3);
    vi.advanceTimersByTime(220);
    vi.clearAllTimers();
    writeMany(writer, 3, 3);
    rig.pool.release(writer.index);
    rig.newThread().take({ type: 'started', tracks: [start] });
    rig.loop.take({ type: 'ended', ring, frames: 6 });
    expect([progress.framesRead, progress.framesLapped]).toEqual([3, 3]);
    expect(rig.toldOf('drained')).toHaveLength(1);
  });

  it('ends a track again whose end was not reported, and counts nothing twice', () => {
    const rig = new SinkRig();
    const { writer, ring, start, progress } = rig.begin();
    writeMany(writer, 0, 3);
    rig.loop.take({ type: 'ended', ring, frames: 3 });
    rig.newThread().take({ type: 'started', tracks: [start] });
    rig.loop.take({ type: 'ended', ring, frames: 3 });
    expect(rig.sink.writers).toEqual([numbers(0, 3), []]);
    expect([progress.framesRead, progress.framesLapped]).toEqual([3, 0]);
  });
});

describe('what a sink throws', () => {
  it('when it opens a track costs the frames until it can, counted as lost; it is asked again, less and less often', () => {
    const rig = new SinkRig();
    rig.sink.failing = 'open';
    const { writer, ring, progress } = rig.begin();
    expect(rig.errors).toBe(1);
    writeMany(writer, 0, 5);
    vi.advanceTimersByTime(20_000);
    // Half a second, one, two, four, five …
    expect(rig.errors).toBeGreaterThanOrEqual(6);
    expect(rig.errors).toBeLessThanOrEqual(8);
    rig.sink.failing = null;
    vi.advanceTimersByTime(5200);
    writeMany(writer, 5, 2);
    rig.loop.take({ type: 'ended', ring, frames: 7 });
    expect(rig.sink.writers).toEqual([[5, 6]]);
    expect([progress.framesRead, progress.framesLapped, progress.framesLost]).toEqual([7, 0, 5]);
    expect(rig.sink.ends).toHaveLength(1);
  });

  it('when it opens a track is not its last word when the track ends: it is asked once more', () => {
    const rig = new SinkRig();
    rig.sink.failing = 'open';
    const { writer, ring, progress } = rig.begin();
    rig.sink.failing = null;
    writeMany(writer, 0, 3);
    rig.loop.take({ type: 'ended', ring, frames: 3 });
    expect(rig.sink.writers).toEqual([[0, 1, 2]]);
    expect([progress.framesLost, rig.sink.ends.length]).toEqual([0, 1]);
  });

  it.each(['write', 'flush', 'end'] as const)('in %s stays with its track; frames go on being read', (method) => {
    const rig = new SinkRig();
    const { writer, ring, progress } = rig.begin();
    rig.sink.failing = method;
    writeMany(writer, 0, 4);
    rig.loop.take({ type: 'ended', ring, frames: 4 });
    expect([progress.framesRead, progress.framesLapped]).toEqual([4, 0]);
    expect(progress.framesLost).toBe(method === 'write' ? 4 : 0);
    expect(rig.errors).toBe(method === 'write' ? 4 : 1);
    expect(rig.toldOf('drained')).toHaveLength(1);
  });

  it('is reported without the path of a file, the first of a kind at once, the others with their number every ten seconds', () => {
    const rig = new SinkRig(120);
    const { writer } = rig.begin();
    rig.sink.failing = 'write';
    writeMany(writer, 0, 50);
    vi.advanceTimersByTime(9000);
    const line = { type: 'error', streamId: 's', message: 'EIO: write' };
    expect(rig.toldOf('error')).toEqual([{ ...line, suppressed: 0 }]);
    vi.advanceTimersByTime(2000);
    expect(rig.toldOf('error')).toEqual([
      { ...line, suppressed: 0 },
      { ...line, suppressed: 49 },
    ]);
    expect(rig.errors).toBe(50);
  });

  it('when it closes is reported as well, and it is closed all the same', async () => {
    const rig = new SinkRig();
    rig.sink.failing = 'close';
    rig.loop.take({ type: 'close', withinMs: 1000 });
    await vi.advanceTimersByTimeAsync(1);
    expect(rig.told.map(({ type }) => type)).toEqual(['error', 'closed']);
  });
});

it('a writer that is not open any more is replaced before the next frame is read', () => {
  const rig = new SinkRig();
  const { writer, ring, progress } = rig.begin();
  rig.sink.isOpen = false;
  writeMany(writer, 0, 2);
  vi.advanceTimersByTime(120);
  rig.sink.isOpen = true;
  writeMany(writer, 2, 2);
  rig.loop.take({ type: 'ended', ring, frames: 4 });
  expect(rig.sink.writers.at(-1)).toEqual([2, 3]);
  expect(progress.framesLost).toBe(0);
});

it('a stream is forgotten when its tracks have ended and no other will follow, in whichever order that is said', () => {
  const rig = new SinkRig();
  const first = rig.begin('a');
  const second = rig.begin('b');
  rig.loop.take({ type: 'ended', ring: first.ring, frames: 0 });
  rig.loop.take({ type: 'streamEnded', stream: endOf() });
  expect(rig.sink.streamsEnded).toEqual([]);
  rig.loop.take({ type: 'ended', ring: second.ring, frames: 0 });
  expect(rig.sink.streamsEnded).toEqual(['s']);
  expect(rig.toldOf('streamDone')).toEqual([{ type: 'streamDone', streamId: 's', isComplete: true }]);
});

it('a sink closes when its last track has ended', async () => {
  const rig = new SinkRig();
  const { ring } = rig.begin();
  rig.loop.take({ type: 'close', withinMs: 1000 });
  await vi.advanceTimersByTimeAsync(500);
  expect(rig.toldOf('closed')).toEqual([]);
  rig.loop.take({ type: 'ended', ring, frames: 0 });
  await vi.advanceTimersByTimeAsync(1);
  expect(rig.told.map(({ type }) => type)).toEqual(['drained', 'closed']);
});
