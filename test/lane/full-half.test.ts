/** A full half: it refuses messages, loses nothing that it took, and has room for every close and release. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { laneReserveBytes, recordBytes, recordKind } from '../../src/memory/layout.ts';
import { LaneRig } from '../support/decoder-lane.ts';

const { close, release } = recordKind;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a full half', () => {
  const dataBytes = 10 * recordBytes(100);

  it('takes what fits to the byte, refuses one message more, and loses nothing of what it took', () => {
    const rig = new LaneRig({ dataBytes });
    const messages = Array.from({ length: 10 }, (_, n) => String(n).repeat(100));
    expect(messages.map((message, n) => rig.push(n % 3, message))).toEqual(Array(10).fill(true));
    expect([rig.push(0, 'x'), rig.push(1, '')]).toEqual([false, false]);
    vi.advanceTimersByTime(2);
    expect(rig.flight.records.map((seen) => seen.text)).toEqual(messages);
  });

  it('refuses only what does not fit', () => {
    const rig = new LaneRig({ dataBytes });
    for (let n = 0; n < 9; n++) rig.push(0, 'm'.repeat(100));
    expect(rig.push(0, 'm'.repeat(105))).toBe(false);
    expect(rig.push(0, 'm'.repeat(104))).toBe(true);
  });

  it('takes messages again as soon as its batch left, though the worker is still busy', () => {
    const rig = new LaneRig({ dataBytes });
    while (rig.push(0, 'm'.repeat(100)));
    vi.advanceTimersByTime(2);
    for (let n = 0; n < 10; n++) expect(rig.push(0, 'm'.repeat(100))).toBe(true);
    expect(rig.push(0, 'm')).toBe(false);
  });

  it('still takes the close and the release of every stream there can be', () => {
    const streams = 50;
    const rig = new LaneRig({ dataBytes, streams });
    while (rig.push(0, 'm'.repeat(100)));
    for (let stream = 0; stream < streams; stream++) {
      rig.lane.pushControl(close, stream);
      rig.lane.pushControl(release, stream);
    }
    expect(rig.lane.backlogBytes).toBeLessThanOrEqual(dataBytes + laneReserveBytes(streams));
    vi.advanceTimersByTime(2);
    const expected = Array.from({ length: streams }, (_, n) => [`close ${n}`, `release ${n}`]).flat();
    expect(rig.flight.records.slice(10).map(({ kind, stream }) => `${kind} ${stream}`)).toEqual(expected);
  });
});
