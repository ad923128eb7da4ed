/** Whether a fleet kept up, and what its rows say. */
import { describe, expect, test } from 'vitest';
import { rowOf } from '../../../../bench/load/fleet/rows.ts';
import type { Trial } from '../../../../bench/load/fleet/trial.ts';
import { failuresOf } from '../../../../bench/load/fleet/verdict.ts';

/** Two gateways that kept up; tests change what they are about. */
const trial: Trial = {
  streams: 1000,
  streamsOf: [500, 500],
  seconds: 10,
  frames: 500_000,
  framesPerSecondDue: 50_000,
  gatewayUs: 3_000_000,
  balancerUs: 2_500_000,
  balancerRssBytes: 100 * 2 ** 20,
  generatorUs: 3_000_000,
  generatorLatenessMs: 2,
  unsent: 0,
  dropped: 0,
  waiting: 200,
  residence: { bounds: [1, 2, Number.POSITIVE_INFINITY], counts: [50, 50, 0] },
  busyCores: 1,
  othersCores: 0.1,
  cores: 2,
  mismatches: [],
};

describe('a fleet', () => {
  test('keeps up when all arrives complete and in time', () => {
    expect(failuresOf(trial)).toEqual([]);
  });

  test.each([
    ['a message was dropped', { dropped: 1 }, 'messages were dropped'],
    ['a socket was full', { unsent: 1 }, 'sockets were full'],
    ['frames wait in sockets', { waiting: 5001 }, 'frames piled up in sockets'],
    ['too few came', { frames: 489_000 }, 'the load was not reached'],
    [
      'they came late',
      { residence: { bounds: [10, 30, Number.POSITIVE_INFINITY], counts: [50, 50, 0] } },
      'frames took too long',
    ],
  ])('does not when %s', (_, change, reason) => {
    expect(failuresOf({ ...trial, ...change })).toEqual([reason]);
  });
});

describe('its row', () => {
  test('divides the processor by the frames', () => {
    const { measures } = rowOf('two', [trial]);
    expect(measures['gateways']).toMatchObject({ median: 6, unit: 'µs/frame' });
    expect(measures['HAProxy']).toMatchObject({ median: 5 });
    expect(measures['frames/s']!.median).toBe(50_000);
  });

  test('has no column for what was not there', () => {
    const { measures } = rowOf('one', [{ ...trial, balancerUs: 0, balancerRssBytes: 0 }]);
    expect(Object.keys(measures)).not.toContain('HAProxy');
  });

  test('says what disturbed it, and what does not add up', () => {
    const { remarks } = rowOf('two', [{ ...trial, othersCores: 1, busyCores: 2, mismatches: ['one frame too many'] }]);
    expect(remarks).toEqual([
      'all cores of the machine were busy',
      'other processes kept the machine busy as well',
      'the counts do not match: one frame too many',
    ]);
  });
});
