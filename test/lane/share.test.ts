/** One stream's share of a lane: what floods it is refused before it is full, whatever the others send is not. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { laneShareBytesMin } from '../../src/base/limits.ts';
import { recordBytes } from '../../src/memory/sizes.ts';
import { recordKind } from '../../src/memory/states.ts';
import { LaneRig } from './lane-rig.ts';

const message = 'm'.repeat(1000 - recordBytes(0));
const dataBytes = 1_000_000;
const perHalf = dataBytes / recordBytes(message.length);

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

/** Pushes messages of a stream until one is refused. Returns how many were taken. */
function flood(rig: LaneRig, stream: number): number {
  let taken = 0;
  while (rig.push(stream, message)) taken++;
  return taken;
}

describe('a lane whose worker is late', () => {
  it('takes from one stream what fills a half and half of the other one, and everything from the others', () => {
    const rig = new LaneRig({ dataBytes, streams: 10 });
    const taken = flood(rig, 0);
    expect(taken).toBeGreaterThanOrEqual(1.5 * perHalf - 1);
    expect(taken).toBeLessThanOrEqual(1.5 * perHalf + 1);
    for (let n = 0; n < perHalf / 4; n++) expect(rig.push(1 + (n % 9), message)).toBe(true);
    expect(rig.push(0, message)).toBe(false);
  });

  it('leaves room beside a hundred streams that flood it', () => {
    const rig = new LaneRig({ dataBytes: 10 * dataBytes, streams: 1000 });
    let isTaken = true;
    while (isTaken) {
      isTaken = false;
      for (let stream = 0; stream < 100; stream++) if (rig.push(stream, message)) isTaken = true;
    }
    const least = Math.floor(laneShareBytesMin / 1000);
    for (let stream = 100; stream < 105; stream++) {
      for (let n = 0; n < least; n++) expect(rig.push(stream, message)).toBe(true);
    }
  });

  it('is filled to the last message by streams that send alike', () => {
    const rig = new LaneRig({ dataBytes, streams: 200 });
    let taken = 0;
    while (rig.push(taken % 200, message)) taken++;
    expect(taken).toBe(2 * perHalf);
  });

  it('takes messages of the stream again as soon as the worker has come over', () => {
    const rig = new LaneRig({ dataBytes });
    flood(rig, 0);
    rig.take(perHalf);
    expect(rig.push(0, message)).toBe(false);
    rig.take(1);
    expect(rig.push(0, message)).toBe(true);
  });

  it('holds nothing against the next stream of a slot', () => {
    const rig = new LaneRig({ dataBytes });
    flood(rig, 0);
    rig.lane.pushControl(recordKind.close, 0);
    rig.lane.pushControl(recordKind.release, 0);
    expect(rig.push(0, message)).toBe(true);
  });
});

it('a stream alone on a lane whose worker keeps up is never refused', () => {
  const rig = new LaneRig({ dataBytes, streams: 10 });
  for (let n = 0; n < 5 * perHalf; n++) {
    expect(rig.push(0, message)).toBe(true);
    if (n >= perHalf / 2) rig.take(1);
  }
});
