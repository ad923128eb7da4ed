/** Where packets lie, and what is missing, seen twice, late, or a pause: inferred from timestamps alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idleGapMs, reorderWindowFrames, timelineJumpMsMax } from '../../src/base/limits.ts';
import { frameFlag } from '../../src/memory/states.ts';
import { seeded } from '../support/seed.ts';
import { Track } from './track.ts';

const { duplicate, late, resumed } = frameFlag;
const inOrder = { flags: 0, missing: 0, consecutive: true };
/** In order, but behind something late: their distance says nothing about jitter. */
const behindLate = { ...inOrder, consecutive: false };

describe.each(['mixed', 'unmixed'] as const)('a %s timeline', (mode) => {
  it('begins at the first packet, whatever its timestamp', () => {
    expect(new Track(mode).take(123_456)).toEqual({ flags: 0, missing: 0, atMs: 0, consecutive: false });
  });

  it('continues packet by packet', () => {
    const track = new Track(mode);
    track.take(0);
    for (let n = 1; n <= 200; n++) expect(track.take(20 * n)).toEqual({ ...inOrder, atMs: 20 * n });
  });

  it('does not mind timestamps that are a few milliseconds off, and does not drift with them', () => {
    const track = new Track(mode);
    [0, 19, 41, 60, 70, 99, 120].forEach((ms, n) => {
      expect(track.take(ms)).toMatchObject({ flags: 0, missing: 0, atMs: 20 * n });
    });
  });

  it('finds no gap up to one and a half frames, and one beyond, as soon as the stamps have shown that they do not wander', () => {
    const track = new Track(mode);
    track.take(0);
    expect(track.take(30)).toEqual({ ...inOrder, atMs: 20 });
    expect(track.take(61)).toEqual({ flags: 0, missing: 0, atMs: 60, consecutive: false });
    for (let n = 4; n <= 27; n++) expect(track.take(20 * n)).toEqual({ ...inOrder, atMs: 20 * n });
    expect(track.take(560)).toEqual({ ...inOrder, missing: 1, atMs: 560 });
    expect(track).toMatchObject({ missing: 1, gaps: 1 });
  });

  it.each([1, 2, 5, 20])('counts %i frames that did not come, in one gap', (lost) => {
    const track = new Track(mode);
    track.take(0);
    expect(track.take(20 * (lost + 1))).toMatchObject({ flags: 0, missing: lost, atMs: 20 * (lost + 1) });
    expect(track.take(20 * (lost + 2))).toMatchObject(inOrder);
  });

  it('knows a duplicate of the newest packet and of an older one, and moves nothing', () => {
    const track = new Track(mode);
    for (const ms of [0, 20, 40]) track.take(ms);
    expect(track.take(40)).toEqual({ flags: duplicate, missing: 0, atMs: 40, consecutive: false });
    expect(track.take(0)).toEqual({ flags: duplicate, missing: 0, atMs: 0, consecutive: false });
    expect(track.take(60)).toEqual({ ...behindLate, atMs: 60 });
  });

  it('calls two swapped frames one missing, one gap and one out of order', () => {
    const track = new Track(mode);
    track.take(0);
    expect(track.take(40)).toMatchObject({ missing: 1, atMs: 40 });
    expect(track.take(20)).toEqual({ flags: late, missing: 0, atMs: 20, consecutive: false });
    expect(track.take(60)).toMatchObject(behindLate);
    expect(track).toMatchObject({ missing: 1, gaps: 1, late: 1 });
  });

  it('calls a late packet late once, and a duplicate when it comes again', () => {
    const track = new Track(mode);
    for (const ms of [0, 60, 20]) track.take(ms);
    expect(track.take(20).flags).toBe(duplicate);
    expect(track.take(40).flags).toBe(late);
  });

  it('places a packet before the first one at a negative time', () => {
    const track = new Track(mode);
    track.take(40);
    expect(track.take(0)).toMatchObject({ flags: late, atMs: -40 });
  });

  it.each([31, 32, 33, reorderWindowFrames - 1])('tells late and duplicate apart %i frames back', (back) => {
    const track = new Track(mode);
    track.take(0);
    for (let n = 2; n <= back + 1; n++) track.take(20 * n);
    expect(track.take(20)).toMatchObject({ flags: late, atMs: 20 });
    expect(track.take(20)).toMatchObject({ flags: duplicate, atMs: 20 });
  });

  it.each([31, 32, 33, reorderWindowFrames - 1])('remembers what it saw across a gap of %i frames', (gap) => {
    const track = new Track(mode);
    track.take(0);
    track.take(20 * gap);
    expect(track.take(0).flags).toBe(duplicate);
    expect(track.take(20).flags).toBe(late);
  });

  it('takes two packets from beyond the window that continue each other for a clock that was set back', () => {
    const track = new Track(mode);
    for (let n = 0; n <= 100; n++) track.take(20 * n);
    const back = 20 * (100 - reorderWindowFrames - 1);
    expect(track.take(back)).toEqual({ flags: late, missing: 0, atMs: 2020, consecutive: false });
    expect(track.take(back + 20)).toEqual({ flags: resumed, missing: 0, atMs: 2040, consecutive: false });
    expect(track.take(back + 40)).toEqual({ ...inOrder, atMs: 2060 });
    // The first of them is remembered.
    expect(track.take(back)).toMatchObject({ flags: duplicate, atMs: 2020 });
  });

  it('is not moved by one straggler from beyond the window', () => {
    const track = new Track(mode);
    for (let n = 0; n <= 100; n++) track.take(20 * n);
    expect(track.take(0)).toMatchObject({ flags: late, missing: 0 });
    expect(track.take(2020)).toEqual({ ...behindLate, atMs: 2020 });
    // Nor by another one, after something that is in order.
    expect(track.take(20)).toMatchObject({ flags: late, missing: 0 });
    expect(track.take(2040)).toEqual({ ...behindLate, atMs: 2040 });
    expect([track.missing, track.gaps, track.late]).toEqual([0, 0, 2]);
  });

  it('continues without a hole when the clock is set back by an hour', () => {
    const track = new Track(mode);
    for (const ms of [0, 20]) track.take(ms);
    expect(track.take(40 - 3_600_000)).toMatchObject({ flags: late, missing: 0, atMs: 40 });
    expect(track.take(60 - 3_600_000)).toMatchObject({ flags: resumed, missing: 0, atMs: 60 });
    // Nothing of before is remembered: the packet two steps back was seen then, but not on the new clock.
    expect(track.take(20 - 3_600_000)).toMatchObject({ flags: late, atMs: 20 });
  });

  it('continues without a hole when the clock is set forward', () => {
    const track = new Track(mode);
    for (const ms of [0, 20]) track.take(ms);
    const jump = timelineJumpMsMax + 21;
    expect(track.take(20 + jump)).toEqual({ flags: resumed, missing: 0, atMs: 40, consecutive: false });
    expect(track.take(40 + jump)).toEqual({ ...inOrder, atMs: 60 });
  });

  it('takes packets without a timestamp for the following ones', () => {
    const track = new Track(mode);
    track.take(0);
    expect(track.take(Number.NaN)).toMatchObject({ flags: 0, missing: 0, atMs: 20 });
    expect(track.take(Number.NaN)).toMatchObject({ flags: 0, missing: 0, atMs: 40 });
    expect(track.take(60)).toMatchObject({ flags: 0, missing: 0, atMs: 60 });
    expect(track.take(100)).toMatchObject({ missing: 1, atMs: 100 });
    expect(track.take(Number.NaN)).toMatchObject({ flags: 0, missing: 0, atMs: 120 });
    // It was taken for 120 ms: from there two are missing.
    expect(track.take(180)).toMatchObject({ missing: 2, atMs: 180 });
  });

  it('can begin without a timestamp', () => {
    const track = new Track(mode);
    track.take(Number.NaN);
    expect(track.take(5000)).toMatchObject({ flags: 0, missing: 0, atMs: 20 });
    expect(track.take(5020)).toEqual({ ...inOrder, atMs: 40 });
  });

  it.each([5, 10, 40, 100, 2000])(
    'measures packets of %i ms in their own steps, and what is missing in frames of 20 ms',
    (ms) => {
      const track = new Track(mode);
      for (let n = 0; n < 5; n++) expect(track.take(ms * n, ms)).toMatchObject({ flags: 0, missing: 0, atMs: ms * n });
      expect(track.take(ms * 2, ms).flags).toBe(duplicate);
      const gap = track.take(ms * 6, ms);
      expect(gap.atMs).toBe(ms * 6);
      if (mode === 'mixed' || ms <= idleGapMs)
        expect(gap).toMatchObject({ flags: 0, missing: Math.max(1, Math.round(ms / 20)) });
      expect(track.take(ms * 5, ms)).toMatchObject({ flags: late, atMs: ms * 5 });
    },
  );

  it('follows a change of the packet size', () => {
    const track = new Track(mode);
    track.take(0, 20);
    track.take(20, 100);
    expect(track.take(120, 10)).toMatchObject({ ...inOrder, atMs: 120 });
    expect(track.take(130, 20)).toMatchObject({ ...inOrder, atMs: 130 });
  });

  it('measures 24 kHz in its own samples', () => {
    const track = new Track(mode, 24_000);
    track.take(0);
    expect(track.take(20)).toEqual({ ...inOrder, atMs: 20 });
    expect(track.take(80)).toMatchObject({ missing: 2, atMs: 80 });
  });

  it('accounts for every frame, whatever is lost, repeated or out of order within the window', () => {
    // Each frame of a call: does it arrive, how often, and how many frames later than it should?
    const fate = fc.record({ copies: fc.constantFrom(0, 1, 1, 1, 1, 2, 3), delay: fc.constantFrom(0, 0, 0, 1, 2, 20) });
    const property = fc.property(fc.array(fate, { minLength: 2, maxLength: 200, size: 'max' }), (fates) => {
      const arrivals = fates
        .flatMap(({ copies, delay }, index) =>
          index === 0 ? [] : Array.from({ length: copies }, (_, n) => ({ index, at: index + delay * (n + 1) })),
        )
        .sort((a, b) => a.at - b.at);
      const track = new Track(mode);
      track.take(0);
      let duplicates = 0;
      for (const { index } of arrivals) {
        const { atMs, flags } = track.take(20 * index);
        expect(atMs).toBe(20 * index);
        if ((flags & duplicate) !== 0) duplicates++;
      }
      const seen = new Set(arrivals.map((arrival) => arrival.index));
      const lost = Math.max(0, ...seen) - seen.size;
      expect(duplicates).toBe(arrivals.length - seen.size);
      // Longer holes are pauses in unmixed audio: the fates above leave hardly any.
      if (!hasPause(arrivals)) expect(track.missing - track.late).toBe(lost);
    });
    fc.assert(property, seeded({ numRuns: 300 }));
  });
});

/** Whether the newest frame ever advances by more than the limit of a pause. */
function hasPause(arrivals: readonly { readonly index: number }[]): boolean {
  let newest = 0;
  for (const { index } of arrivals) {
    if ((index - newest - 1) * 20 > idleGapMs) return true;
    newest = Math.max(newest, index);
  }
  return false;
}
