/** Waking: a parked worker is called with the next record, once, and nobody else is ever called. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { lane } from '../../src/memory/layout.ts';
import { recordKind } from '../../src/memory/states.ts';
import { inShort, LaneRig } from './lane-rig.ts';

let calls: number[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  const notify = vi.spyOn(Atomics, 'notify').mockImplementation((_words, index) => {
    calls.push(index);
    return 1;
  });
  return () => {
    notify.mockRestore();
    vi.useRealTimers();
  };
});

/** A lane that a worker has, and in which nothing waits. */
function served(): LaneRig {
  const rig = new LaneRig();
  rig.push(0, 'first');
  vi.advanceTimersByTime(2);
  rig.take();
  return rig;
}

const parkedOn = lane.tail / 4;

describe('a parked worker', () => {
  it.each([
    ['message', (rig: LaneRig) => void rig.push(0, 'a')],
    ['close', (rig: LaneRig) => rig.lane.pushControl(recordKind.close, 0)],
    ['release', (rig: LaneRig) => rig.lane.pushControl(recordKind.release, 0)],
  ])('is called with the next %s', (_kind, push) => {
    const rig = served();
    rig.park();
    expect(calls).toEqual([]);
    push(rig);
    expect(calls).toEqual([parkedOn]);
  });

  it('is called once, however many records come before it is up', () => {
    const rig = served();
    rig.park();
    for (let n = 0; n < 100; n++) rig.push(0, 'a');
    expect(calls).toHaveLength(1);
  });

  it('is called again when it parks again', () => {
    const rig = served();
    for (let n = 1; n <= 5; n++) {
      rig.park();
      rig.push(0, 'a');
      rig.wakeUp();
      rig.take();
      expect(calls).toHaveLength(n);
    }
  });

  it('is called after its record is published: it may not have been asleep yet', () => {
    const rig = served();
    rig.park();
    const load = Atomics.load as (words: Int32Array, index: number) => number;
    const tails: number[] = [];
    const watched = (words: Int32Array, index: number): number => {
      if (index === lane.parked / 4) tails.push(load(words, lane.tail / 4));
      return load(words, index);
    };
    const spy = vi.spyOn(Atomics, 'load').mockImplementation(watched as never);
    rig.push(0, 'a');
    spy.mockRestore();
    expect(tails).toEqual([rig.word(lane.tail)]);
  });

  it('is called for the first record of the other half too', () => {
    const rig = new LaneRig({ dataBytes: 100_000 });
    rig.push(0, 'm'.repeat(70_000));
    vi.advanceTimersByTime(2);
    rig.take();
    rig.park();
    rig.push(0, 'a');
    expect([rig.fillingHalf, calls]).toEqual([1, [parkedOn]]);
  });

  it('that died in its sleep does not keep the next one from being called', async () => {
    const rig = served();
    rig.park();
    await rig.die();
    rig.push(0, 'a');
    vi.advanceTimersByTime(2);
    expect(rig.take().map(inShort)).toEqual(['0:a']);
    calls = [];
    rig.push(0, 'b');
    expect(rig.take().map(inShort)).toEqual(['0:b']);
    rig.park();
    calls = [];
    rig.push(0, 'c');
    expect(calls).toEqual([parkedOn]);
  });
});

describe('nobody is called', () => {
  it('when the worker is not parked', () => {
    const rig = served();
    for (let n = 0; n < 20; n++) rig.push(0, 'a');
    rig.park();
    rig.wakeUp();
    for (let n = 0; n < 20; n++) rig.push(0, 'a');
    expect(calls).toEqual([]);
  });

  it('when no lease has the lane', async () => {
    const rig = served();
    await rig.goHome();
    rig.push(0, 'a');
    rig.push(0, 'b');
    expect(calls).toEqual([]);
  });
});
