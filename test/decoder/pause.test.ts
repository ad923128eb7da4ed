/** The same silence means two things: a loss in mixed audio, a participant who is not dominant in unmixed audio. */
import { describe, expect, it } from 'vitest';
import { idleGapMs, timelineJumpMsMax } from '../../src/base/limits.ts';
import { frameFlag } from '../../src/memory/states.ts';
import { frameMs, play } from './stamp-schedules.ts';
import { Track } from './track.ts';

const { resumed } = frameFlag;
const inOrder = { flags: 0, missing: 0, consecutive: true };

describe('a pause', () => {
  it.each([idleGapMs + 20, 5000, timelineJumpMsMax])('of %i ms is a loss in mixed audio', (ms) => {
    const track = new Track('mixed');
    track.take(0);
    expect(track.take(20 + ms)).toEqual({ flags: 0, missing: ms / 20, atMs: 20 + ms, consecutive: false });
  });

  it.each([idleGapMs + 20, 5000, timelineJumpMsMax])(
    'of %i ms is none in unmixed audio, and the timeline waits for it',
    (ms) => {
      const track = new Track('unmixed');
      track.take(0);
      expect(track.take(20 + ms)).toEqual({ flags: resumed, missing: 0, atMs: 20 + ms, consecutive: false });
      expect(track.take(40 + ms)).toEqual({ ...inOrder, atMs: 40 + ms });
    },
  );

  it(`of ${idleGapMs} ms is still a loss in unmixed audio`, () => {
    const track = new Track('unmixed');
    track.take(0);
    expect(track.take(20 + idleGapMs)).toMatchObject({ flags: 0, missing: idleGapMs / 20 });
  });
});

describe('a silence of many hours that the arrival confirms', () => {
  const hourMs = 3_600_000;
  /** Talks for a second, is silent, and so on; `at`: where in the call each second begins. */
  const talk = (at: readonly number[], stampOf: (ms: number) => number | null, arrivalOf: (ms: number) => number) =>
    at.flatMap((sinceMs) =>
      Array.from({ length: 50 }, (_, n) => {
        const ms = sinceMs + n * frameMs;
        return { stampMs: stampOf(ms), arrivalMs: arrivalOf(ms), number: ms / frameMs };
      }),
    );

  it.each(['mixed', 'unmixed'])(
    'keeps its length, so that the tracks of a call line up at every moment: %s',
    (mode) => {
      const begins = [
        [0, 125_000, 2 * hourMs, 9 * hourMs],
        [0, 125_000 + 5_000, 3 * hourMs, 23 * hourMs],
      ];
      for (const at of begins) {
        const sent = talk(
          at,
          (ms) => ms,
          (ms) => ms,
        );
        const played = play(sent, { unmixed: mode === 'unmixed' });
        expect(played).toMatchObject({ missing: 0, pauses: 3, clockSteps: 0, order: sent.map(({ number }) => number) });
        expect(played.positionsMs).toEqual(sent.map(({ stampMs }) => stampMs));
      }
    },
  );

  it('keeps its length though the clocks drift apart', () => {
    const at = [0, 2 * hourMs, 23 * hourMs];
    const sent = talk(
      at,
      (ms) => ms * 1.0001,
      (ms) => ms,
    );
    const played = play(sent);
    expect(played).toMatchObject({ missing: 0, pauses: 2, clockSteps: 0 });
    const off = played.positionsMs.map((ms, i) => Math.abs(ms - sent[i]!.stampMs!));
    expect(Math.max(...off)).toBeLessThanOrEqual(frameMs);
  });

  it('is a clock that was set when the arrival does not confirm it, or it is longer than a day', () => {
    const jumped = talk(
      [0, 2 * hourMs],
      (ms) => ms,
      (ms) => ms % hourMs,
    );
    expect(play(jumped)).toMatchObject({ missing: 0, pauses: 0, clockSteps: 1, lengthMs: 2000 });
    const long = talk(
      [0, 25 * hourMs],
      (ms) => ms,
      (ms) => ms,
    );
    expect(play(long)).toMatchObject({ missing: 0, pauses: 0, clockSteps: 1, lengthMs: 2000 });
  });
});

describe('without a timestamp that says when', () => {
  const sent = [0, 1, 2, 30, 31, 58, 59].map((slot, number) => ({ stampMs: null, arrivalMs: slot * frameMs, number }));

  it.each([
    ['absent', undefined],
    ['unreadable', () => 'now'],
    ['of the year 1', () => '0001-01-01T00:00:00Z'],
    ['of 1970', () => '1970-01-01T00:00:00Z'],
  ])('it is counted, and what arrives after more than half a second comes after a pause: %s', (_, timestamp) => {
    const stamped = sent.map((one) => ({ ...one, stampMs: timestamp === undefined ? null : 0 }));
    const played = play(stamped, timestamp && { timestamp });
    expect(played).toMatchObject({ missing: 0, duplicates: 0, unusable: 7, pauses: 2, clockSteps: 0 });
    expect(played.positionsMs).toEqual([0, 20, 40, 600, 620, 1160, 1180]);
    expect(played.stamps).toEqual(sent.map(() => Number.NaN));
  });

  it('is a stamp that has been the same for more than a second of audio', () => {
    const frozen = Array.from({ length: 100 }, (_, n) => ({
      stampMs: Math.min(n, 20) * 20,
      arrivalMs: n * 20,
      number: n,
    }));
    const played = play(frozen);
    expect(played).toMatchObject({ missing: 0, duplicates: 0, late: 0, clockSteps: 0, lengthMs: 2000 });
    expect(played.unusable).toBe(played.stamps.filter((ms) => Number.isNaN(ms)).length);
    expect(played.unusable).toBeGreaterThanOrEqual(25);
  });

  it('continues when stamps come again', () => {
    const stamps = Array.from({ length: 90 }, (_, n) => (n >= 30 && n < 60 ? null : n * 20));
    const played = play(stamps.map((stampMs, number) => ({ stampMs, arrivalMs: number * 20, number })));
    expect(played).toMatchObject({ missing: 0, duplicates: 0, unusable: 30, pauses: 0, clockSteps: 0, lengthMs: 1800 });
  });
});
