/** A full half: it refuses messages, loses nothing that it took, and has room for every close and release. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { lane } from '../../src/memory/layout.ts';
import { laneReserveBytes, recordBytes } from '../../src/memory/sizes.ts';
import { recordKind } from '../../src/memory/states.ts';
import { inShort, LaneRig } from './lane-rig.ts';

const { close, release } = recordKind;
const dataBytes = 10 * recordBytes(100);
const whole = 'm'.repeat(100);

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

/** Fills the half in which the worker is, and the other one: nothing fits any more. */
function fillBoth(rig: LaneRig): number {
  let taken = 0;
  while (rig.push(taken % 3, whole)) taken++;
  return taken;
}

describe('a lane whose worker takes nothing', () => {
  it('takes what fits into both halves to the byte, refuses one message more, and loses nothing of what it took', () => {
    const rig = new LaneRig({ dataBytes });
    const messages = Array.from({ length: 20 }, (_, n) => String(n % 10).repeat(100));
    expect(messages.map((message, n) => rig.push(n % 3, message))).toEqual(Array(20).fill(true));
    expect([rig.push(0, 'x'), rig.push(1, '')]).toEqual([false, false]);
    expect(rig.take().map((seen) => seen.text)).toEqual(messages);
  });

  it('refuses only what does not fit', () => {
    const rig = new LaneRig({ dataBytes });
    for (let n = 0; n < 19; n++) rig.push(0, whole);
    expect(rig.push(0, 'm'.repeat(105))).toBe(false);
    expect(rig.push(0, 'm'.repeat(104))).toBe(true);
  });

  it('tells the bytes of both halves as its backlog', () => {
    const rig = new LaneRig({ dataBytes });
    for (let n = 1; n <= 20; n++) {
      rig.push(0, whole);
      expect(rig.lane.backlogBytes).toBe(n * recordBytes(100));
    }
    for (let n = 19; n >= 0; n--) {
      rig.take(1);
      expect(rig.lane.backlogBytes).toBe(n * recordBytes(100));
    }
  });
});

describe('a full half', () => {
  it('refuses as long as the worker is still in the other one, and takes messages again once it has come over', () => {
    const rig = new LaneRig({ dataBytes });
    expect(fillBoth(rig)).toBe(20);
    for (let n = 0; n < 10; n++) {
      rig.take(1);
      expect(rig.push(0, whole)).toBe(false);
    }
    // The mark itself is followed with the first record behind it.
    rig.take(1);
    for (let n = 0; n < 10; n++) expect(rig.push(0, whole)).toBe(true);
    expect(rig.push(0, 'm')).toBe(false);
    expect(rig.take()).toHaveLength(19);
  });

  it('gives no room back before the worker says that it may be overwritten', () => {
    const rig = new LaneRig({ dataBytes });
    fillBoth(rig);
    rig.deal(9);
    expect(rig.word(lane.head)).toBe(0);
    expect([rig.lane.backlogBytes, rig.push(0, '')]).toEqual([20 * recordBytes(100), false]);
  });

  it('is left for the other one when the worker is here, though it is not done', () => {
    const rig = new LaneRig({ dataBytes });
    for (let n = 0; n < 10; n++) rig.push(0, `${n}`.repeat(100));
    rig.take(3);
    expect(rig.fillingHalf).toBe(0);
    expect(rig.push(0, 'x'.repeat(100))).toBe(true);
    expect(rig.fillingHalf).toBe(1);
    expect(rig.take().map((seen) => seen.text[0])).toEqual(['3', '4', '5', '6', '7', '8', '9', 'x']);
  });

  it('never makes room for a message that is larger than a half', () => {
    const rig = new LaneRig({ dataBytes });
    const tooLarge = 'm'.repeat(dataBytes - recordBytes(0) + 1);
    for (let n = 0; n < 2; n++) {
      expect(rig.push(0, tooLarge)).toBe(false);
      expect(rig.push(0, tooLarge.slice(1))).toBe(true);
    }
    rig.take();
    expect(rig.push(0, tooLarge)).toBe(false);
    expect(rig.push(0, 'small')).toBe(true);
    expect(rig.take().map(inShort)).toEqual(['0:small']);
  });
});

describe('the ends of streams', () => {
  const streams = 50;
  const expected = Array.from({ length: streams }, (_, n) => [`close ${n}`, `release ${n}`]).flat();
  function endAll(rig: LaneRig): void {
    for (let stream = 0; stream < streams; stream++) {
      rig.lane.pushControl(close, stream);
      rig.lane.pushControl(release, stream);
    }
  }

  it('fit all at once into a half that is full of messages', () => {
    const rig = new LaneRig({ dataBytes, streams });
    for (let n = 0; n < 10; n++) rig.push(0, whole);
    endAll(rig);
    expect(rig.take().slice(10).map(inShort)).toEqual(expected);
  });

  it('fit all at once when both halves are full of messages', () => {
    const rig = new LaneRig({ dataBytes, streams });
    fillBoth(rig);
    endAll(rig);
    expect(rig.lane.backlogBytes).toBeLessThanOrEqual(2 * dataBytes + laneReserveBytes(streams));
    expect(rig.take().slice(20).map(inShort)).toEqual(expected);
  });

  it('do not take the room of messages for good', () => {
    const rig = new LaneRig({ dataBytes, streams });
    endAll(rig);
    rig.take();
    expect(fillBoth(rig)).toBeGreaterThanOrEqual(10);
  });

  it('fit without end when each is dealt with before its stream ends again, also without any message', () => {
    const rig = new LaneRig({ dataBytes, streams: 2 });
    for (let n = 0; n < 500; n++) {
      rig.lane.pushControl(n % 4 < 2 ? close : release, n % 2);
      if (n % 4 === 3) expect(rig.take().map(inShort)).toEqual(['close 0', 'close 1', 'release 0', 'release 1']);
    }
    expect(rig.word(lane.tail)).toBeLessThanOrEqual(2 * rig.halfBytes);
  });

  it('fit without end into a lane that is full of messages', () => {
    const rig = new LaneRig({ dataBytes, streams: 2 });
    const seen: string[] = [];
    for (let n = 0; n < 500; n++) {
      // Whatever room there is, messages have it.
      fillBoth(rig);
      rig.lane.pushControl(n % 4 < 2 ? close : release, n % 2);
      // The worker is just not late enough for the same stream to end twice in the lane.
      while (seen.filter((text) => !text.includes(':')).length < n - 2) seen.push(...rig.take(1).map(inShort));
    }
    seen.push(...rig.take().map(inShort));
    const ends = seen.filter((text) => !text.includes(':'));
    expect(ends).toEqual(Array.from({ length: 500 }, (_, n) => `${n % 4 < 2 ? 'close' : 'release'} ${n % 2}`));
  });
});
