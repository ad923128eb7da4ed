/** A shift: when it decodes, naps and parks, when it ends, and what it tells then. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noLane } from '../../src/decoder/shift.ts';
import { newsDelayMs, quietShiftMs, shiftMsMax } from '../../src/limits.ts';
import { batchBounds } from '../../src/memory/histogram.ts';
import { lane, recordKind } from '../../src/memory/layout.ts';
import { audio, metadata } from '../support/decoder-messages.ts';
import { flushIntervalMs, ShiftRig, tone } from '../support/decoder-shift.ts';

let rig: ShiftRig;
beforeEach(() => {
  vi.useFakeTimers();
  rig = new ShiftRig();
});
afterEach(() => {
  expect(rig.parked % 2, 'still parked').toBe(0);
  vi.useRealTimers();
});

describe('a shift', () => {
  it('on no lane only says that the worker is up', () => {
    rig.push();
    expect(rig.work({ laneIndex: noLane })).toBeNull();
    expect([rig.sleeps, rig.lane.backlogBytes > 0]).toEqual([[], true]);
  });

  it('deals with all that waits, in both halves', () => {
    for (let n = 0; n < 7000; n++) rig.push();
    rig.work();
    expect([rig.count(lane.control), rig.lane.backlogBytes]).toEqual([7000, 0]);
  });

  it('deals with what comes while it decodes, before it sleeps', () => {
    rig.push();
    const before = rig.decoder.decode.bind(rig.decoder);
    let more = 5;
    vi.spyOn(rig.decoder, 'decode').mockImplementation((laneIndex, tail) => {
      if (more-- > 0) rig.push();
      return before(laneIndex, tail);
    });
    rig.onSleep = () => {
      expect([rig.count(lane.control), rig.lane.backlogBytes]).toEqual([6, 0]);
      return undefined;
    };
    rig.work();
    expect(rig.kinds[0]).toBe('nap');
  });

  it('looks again after a flush interval as long as messages come, and parks when none came', () => {
    let naps = 0;
    rig.push();
    rig.onSleep = ({ kind }) => {
      if (kind === 'nap' && naps++ < 3) rig.push();
      return undefined;
    };
    rig.work();
    expect(rig.sleeps).toEqual([
      ...Array(4).fill({ kind: 'nap', timeoutMs: flushIntervalMs }),
      { kind: 'park', timeoutMs: quietShiftMs - flushIntervalMs },
    ]);
    expect(rig.count(lane.control)).toBe(4);
  });

  it('parks at once when it finds nothing at its beginning', () => {
    rig.work();
    expect(rig.sleeps).toEqual([{ kind: 'park', timeoutMs: quietShiftMs }]);
  });

  it('is woken by a record, deals with it, and looks again after a flush interval', () => {
    let parks = 0;
    rig.onSleep = ({ kind }) => {
      if (kind !== 'park' || parks++ >= 3) return undefined;
      rig.push();
      return 10;
    };
    rig.work();
    expect(rig.kinds).toEqual(['park', 'nap', 'park', 'nap', 'park', 'nap', 'park']);
    expect(rig.count(lane.control)).toBe(3);
  });

  it('does not sleep on a record that came between its last look and its parking', () => {
    const { add } = Atomics;
    const spy = vi.spyOn(Atomics, 'add').mockImplementation(((words: Int32Array, index: number, by: number) => {
      spy.mockRestore();
      // The main thread, in just that moment: the worker does not look parked yet, so nobody calls it.
      rig.push();
      return add(words, index, by);
    }) as never);
    rig.work();
    expect(rig.kinds).toEqual(['nap', 'park']);
    expect(rig.count(lane.control)).toBe(1);
  });

  it('takes empty looks for no batch', () => {
    rig.push();
    rig.work();
    const observed = Array.from({ length: batchBounds.length + 1 }, (_, i) => rig.count(lane.batch + 8 * i));
    expect(observed.reduce((sum, n) => sum + n, 0)).toBe(1);
  });

  it('adds the time in which it decoded to that of the lane, and none in which it slept', () => {
    rig.costMs = 3;
    let pushes = 0;
    rig.onSleep = ({ kind }) => {
      if (kind === 'nap' && pushes++ < 4) rig.push();
      return undefined;
    };
    rig.push();
    rig.push();
    rig.work();
    expect(rig.count(lane.busyMs)).toBe(6 * 3);
    rig.push();
    rig.work();
    expect(rig.count(lane.busyMs)).toBe(7 * 3);
  });
});

describe('a shift ends', () => {
  const startMs = 5000;

  it('when nothing came for the quiet time, and tells nothing then', () => {
    rig.push();
    expect(rig.work()).toBeNull();
    expect(rig.nowMs - startMs).toBeGreaterThanOrEqual(quietShiftMs);
    expect(rig.nowMs - startMs).toBeLessThan(quietShiftMs + flushIntervalMs);
  });

  it('not in the pauses between frames, also when each wakes it', () => {
    let pushes = 0;
    rig.onSleep = ({ kind }) => {
      if (kind !== 'park' || pushes++ === 20) return undefined;
      rig.push();
      return 18;
    };
    rig.work();
    expect(rig.count(lane.control)).toBe(20);
    expect(rig.nowMs - startMs).toBeGreaterThan(20 * 18 + quietShiftMs);
  });

  it.each([
    ['a participant', () => rig.push(audio())],
    ['metadata', () => rig.push(metadata())],
    ['a close', () => rig.lane.pushControl(recordKind.close, 0)],
    ['a release', () => rig.lane.pushControl(recordKind.release, 0)],
  ])('a short time after it has news of %s, and tells them', (_what, push) => {
    push();
    expect(rig.work()).toEqual({ news: [0], faults: [] });
    expect(rig.nowMs - startMs).toBeGreaterThanOrEqual(newsDelayMs);
    expect(rig.nowMs - startMs).toBeLessThanOrEqual(newsDelayMs + flushIntervalMs);
  });

  it('not later because more news come, which it takes along', () => {
    rig.push(metadata());
    rig.onSleep = () => {
      rig.push(metadata());
      if (rig.nowMs - startMs === 4) rig.lane.pushControl(recordKind.close, 1);
      return undefined;
    };
    expect(rig.work()).toEqual({ news: [0, 1], faults: [] });
    expect(rig.nowMs - startMs).toBeLessThanOrEqual(newsDelayMs + flushIntervalMs);
    // A message that came while it went home is the next shift's, if it was not found any more.
    expect(rig.count(lane.control)).toBeGreaterThanOrEqual(newsDelayMs / flushIntervalMs);
  });

  it('a short time after something went wrong, and tells what', () => {
    rig.push('bomb');
    expect(rig.work()).toEqual({ news: [], faults: ['boom'] });
    expect(rig.nowMs - startMs).toBeLessThanOrEqual(newsDelayMs + flushIntervalMs);
  });

  it('and the next one tells only its own news', () => {
    rig.push(metadata());
    rig.work();
    rig.push();
    expect(rig.work()).toBeNull();
  });

  it.each([0, 1, 100])('as soon as its lane is empty when others wait for its worker, after %i records', (records) => {
    for (let n = 0; n < records; n++) rig.push(n === 0 ? metadata() : tone);
    const result = rig.work({ isShared: true });
    expect([rig.sleeps, rig.nowMs]).toEqual([[], startMs]);
    expect(result).toEqual(records === 0 ? null : { news: [0], faults: [] });
    expect(rig.count(lane.control)).toBe(records);
  });

  it('when it was long enough, though messages come in every flush interval', () => {
    rig.push();
    rig.onSleep = () => {
      rig.push();
      return undefined;
    };
    rig.work();
    expect(rig.nowMs - startMs).toBeGreaterThanOrEqual(shiftMsMax);
    expect(rig.nowMs - startMs).toBeLessThanOrEqual(shiftMsMax + flushIntervalMs);
    expect(rig.count(lane.control)).toBeGreaterThanOrEqual(shiftMsMax / flushIntervalMs);
  });

  it('when it was long enough, though its lane is never empty', () => {
    rig.costMs = 7;
    const decode = rig.decoder.decode.bind(rig.decoder);
    vi.spyOn(rig.decoder, 'decode').mockImplementation((laneIndex, tail) => {
      rig.push();
      return decode(laneIndex, tail);
    });
    rig.push();
    rig.work();
    expect(rig.sleeps).toEqual([]);
    expect(rig.lane.backlogBytes).toBeGreaterThan(0);
    expect(rig.nowMs - startMs).toBeGreaterThanOrEqual(shiftMsMax);
    expect(rig.nowMs - startMs).toBeLessThanOrEqual(shiftMsMax + 7);
  });
});
