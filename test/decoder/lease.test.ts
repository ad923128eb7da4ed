/** A lease: when it decodes, naps and parks, when it ends, and what it tells. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { changesDelayMs } from '../../src/base/limits.ts';
import { batchBounds } from '../../src/memory/histogram.ts';
import { lane } from '../../src/memory/layout.ts';
import { recordKind } from '../../src/memory/states.ts';
import { flushIntervalMs, LeaseRig } from './lease.ts';
import { audio, metadata } from './messages.ts';

let rig: LeaseRig;
beforeEach(() => {
  vi.useFakeTimers();
  rig = new LeaseRig();
});
afterEach(() => {
  expect(rig.parked % 2, 'still parked').toBe(0);
  vi.useRealTimers();
});

describe('a lease', () => {
  it('deals with all that waits, in both halves', () => {
    for (let n = 0; n < 7000; n++) rig.push();
    rig.work();
    expect([rig.count(lane.control), rig.lane.backlogBytes]).toEqual([7000, 0]);
  });

  it('deals with what comes while it decodes, before it sleeps', () => {
    rig.push();
    const before = rig.decoder.decode.bind(rig.decoder);
    let more = 5;
    vi.spyOn(rig.decoder, 'decode').mockImplementation((tail) => {
      if (more-- > 0) rig.push();
      return before(tail);
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
      { kind: 'park', timeoutMs: Number.POSITIVE_INFINITY },
    ]);
    expect(rig.count(lane.control)).toBe(4);
  });

  it('parks at once when it finds nothing at its beginning', () => {
    rig.work();
    expect(rig.sleeps).toEqual([{ kind: 'park', timeoutMs: Number.POSITIVE_INFINITY }]);
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

describe('a lease ends', () => {
  const startMs = 5000;

  it('never: its worker sleeps until it is woken', () => {
    let pushes = 0;
    rig.onSleep = ({ kind }) => {
      if (kind !== 'park' || pushes++ === 20) return undefined;
      rig.push();
      return pushes * 1000;
    };
    rig.work();
    expect(rig.count(lane.control)).toBe(20);
    expect([rig.sleeps.at(-1), rig.told]).toEqual([{ kind: 'park', timeoutMs: Number.POSITIVE_INFINITY }, []]);
  });

  it('not as long as messages come in every flush interval, and looks after its garbage collector meanwhile', () => {
    const durationMs = 3000;
    rig.push();
    rig.onSleep = () => {
      if (rig.nowMs - startMs < durationMs) rig.push();
      return undefined;
    };
    rig.work();
    expect(rig.count(lane.control)).toBeGreaterThanOrEqual(durationMs / flushIntervalMs);
    expect(rig.gcLooks).toBeGreaterThanOrEqual(durationMs / flushIntervalMs);
  });
});

describe('a lease tells', () => {
  const startMs = 5000;

  /** Messages that make no changes come in every flush interval for so long. */
  function trafficFor(ms: number, meanwhile: () => void = () => {}): void {
    rig.onSleep = () => {
      if (rig.nowMs - startMs < ms) rig.push();
      meanwhile();
      return undefined;
    };
  }

  it.each([
    ['a participant', () => rig.push(audio())],
    ['metadata', () => rig.push(metadata())],
    ['a close', () => rig.lane.pushControl(recordKind.close, 0)],
    ['a release', () => rig.lane.pushControl(recordKind.release, 0)],
  ])('changes of %s a short time after it has them, and goes on', (_what, push) => {
    push();
    trafficFor(1000);
    rig.work();
    expect(rig.changes).toEqual([{ streams: [0], faults: [] }]);
    expect(rig.told[0]!.atMs - startMs).toBeGreaterThanOrEqual(changesDelayMs);
    expect(rig.told[0]!.atMs - startMs).toBeLessThanOrEqual(changesDelayMs + flushIntervalMs);
    expect(rig.nowMs - startMs).toBeGreaterThanOrEqual(1000);
  });

  it('them in time though nothing else comes', () => {
    rig.push(metadata());
    rig.work();
    expect(rig.changes).toEqual([{ streams: [0], faults: [] }]);
    expect(rig.told[0]!.atMs - startMs).toBeLessThanOrEqual(changesDelayMs + flushIntervalMs);
    expect(rig.sleeps.at(-1)).toEqual({ kind: 'park', timeoutMs: Number.POSITIVE_INFINITY });
  });

  it('not later because more changes come, which it takes along; later ones follow later', () => {
    rig.push(metadata());
    trafficFor(40, () => {
      const ms = rig.nowMs - startMs;
      if (ms <= changesDelayMs + flushIntervalMs) rig.push(metadata());
      if (ms === 4) rig.lane.pushControl(recordKind.close, 1);
    });
    rig.work();
    expect(rig.changes).toEqual([
      { streams: [0, 1], faults: [] },
      { streams: [0], faults: [] },
    ]);
    expect(rig.told[0]!.atMs - startMs).toBeLessThanOrEqual(changesDelayMs + flushIntervalMs);
    expect(rig.told[1]!.atMs - rig.told[0]!.atMs).toBeGreaterThanOrEqual(changesDelayMs);
  });

  it('what went wrong', () => {
    rig.push('bomb');
    rig.work();
    expect(rig.changes).toEqual([{ streams: [], faults: ['boom'] }]);
    expect(rig.told[0]!.atMs - startMs).toBeLessThanOrEqual(changesDelayMs + flushIntervalMs);
  });
});
