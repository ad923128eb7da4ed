/** Changing over to the other half: only where the worker has nothing there, and early enough to stay in the cache. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { laneTurnBytes } from '../../src/base/limits.ts';
import { lane } from '../../src/memory/layout.ts';
import { recordBytes } from '../../src/memory/sizes.ts';
import { recordKind } from '../../src/memory/states.ts';
import { inShort, LaneRig } from './lane-rig.ts';

const dataBytes = 4 * laneTurnBytes;
const kilobyte = 'm'.repeat(1024 - recordBytes(0));

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

/** Pushes and takes records of a kilobyte until the half is filled so far. */
function comeTo(rig: LaneRig, bytes: number): void {
  for (let used = 0; used < bytes; used += 1024) rig.push(0, kilobyte);
  rig.take();
}

describe('a lane that is found empty', () => {
  it('continues in its other half once it has come far enough, and back again', () => {
    const rig = new LaneRig({ dataBytes });
    const halves: number[] = [];
    for (let n = 0; n < 6; n++) {
      comeTo(rig, laneTurnBytes + 1024);
      rig.push(0, `first after ${n}`);
      halves.push(rig.fillingHalf);
      expect(rig.take().map(inShort)).toEqual([`0:first after ${n}`]);
    }
    expect(halves).toEqual([1, 0, 1, 0, 1, 0]);
  });

  it('stays where it is as long as it has not come that far', () => {
    const rig = new LaneRig({ dataBytes });
    comeTo(rig, laneTurnBytes);
    rig.push(0, 'a');
    expect(rig.word(lane.tail)).toBe(laneTurnBytes + recordBytes(1));
    rig.take();
    rig.push(0, 'b');
    expect(rig.fillingHalf).toBe(1);
  });

  it('has a backlog of what stands behind the mark', () => {
    const rig = new LaneRig({ dataBytes });
    comeTo(rig, laneTurnBytes + 1024);
    expect(rig.lane.backlogBytes).toBe(0);
    rig.push(0, 'abc');
    expect(rig.lane.backlogBytes).toBe(recordBytes(3));
    rig.take();
    expect(rig.lane.backlogBytes).toBe(0);
  });

  it('lets its lease end, and is idle, when it refused a message that is larger than a half', async () => {
    const rig = new LaneRig({ dataBytes });
    comeTo(rig, laneTurnBytes + 1024);
    vi.advanceTimersByTime(2);
    expect(rig.push(0, 'm'.repeat(dataBytes))).toBe(false);
    await rig.goHome();
    expect([rig.leases, rig.isServed, rig.lane.backlogBytes]).toEqual([1, false, 0]);
  });
});

describe('a lane that is not empty', () => {
  it('stays in its half, however far it has come, as long as there is room', () => {
    const rig = new LaneRig({ dataBytes });
    comeTo(rig, laneTurnBytes + 1024);
    rig.push(0, 'a');
    rig.take();
    for (let n = 0; n < 3 * (laneTurnBytes / 1024); n++) {
      rig.push(0, kilobyte);
      rig.push(1, 'one waits');
      expect(rig.take(1)).toHaveLength(1);
      expect(rig.fillingHalf).toBe(1);
    }
  });

  it('stays in its half when the worker has everything in hand, but has not said that it is done', () => {
    const rig = new LaneRig({ dataBytes });
    for (let used = 0; used <= laneTurnBytes; used += 1024) rig.push(0, kilobyte);
    rig.deal(Number.POSITIVE_INFINITY);
    rig.push(0, 'a');
    expect(rig.fillingHalf).toBe(0);
  });
});

describe('a mark', () => {
  it('that stood in a half before means nothing when the half is filled again', () => {
    const rig = new LaneRig({ dataBytes });
    for (let round = 0; round < 5; round++) {
      comeTo(rig, laneTurnBytes + 1024);
      // Exactly to where the mark stood the last time, and on.
      for (let n = 0; n < 5; n++) {
        rig.push(0, `${round} ${n}`);
        expect(rig.take().map(inShort)).toEqual([`0:${round} ${n}`]);
      }
    }
  });

  it('has room also when a half is full of messages and of the ends of all streams', () => {
    const rig = new LaneRig({ dataBytes: 10 * recordBytes(100) });
    for (let n = 0; n < 10; n++) rig.push(0, 'm'.repeat(100));
    for (let stream = 0; stream < 3; stream++) {
      rig.lane.pushControl(recordKind.close, stream);
      rig.lane.pushControl(recordKind.release, stream);
    }
    expect(rig.push(0, 'behind the mark')).toBe(true);
    expect(rig.take().at(-1)).toMatchObject({ text: 'behind the mark' });
  });
});
