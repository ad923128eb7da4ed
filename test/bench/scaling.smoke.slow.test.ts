/** The command `bench:scaling` in its smallest size. */
import { expect, test } from 'vitest';
import { judgingTimes } from '../support/starvation.ts';
import { smoke } from './support/command.ts';

test(
  'frames and memory are measured, and nothing gets lost',
  judgingTimes(async () => {
    const { bench, rows } = await smoke('scaling');
    expect(bench).toBe('scaling');
    expect(rows.map(({ name }) => name)).toEqual([
      'Streams, 500 frames/s · 5 streams',
      'Streams, 500 frames/s · 10 streams',
      'Streams, 500 frames/s, bare uWebSockets.js · 5 streams',
      'Streams, 500 frames/s, bare uWebSockets.js · 10 streams',
      'Participants, 500 frames/s · 2 per stream',
      'Memory · 50 streams, connected and idle',
      'Memory · 10 streams, active',
    ]);
    for (const { name, measures, remarks } of rows) {
      expect(remarks.filter((remark) => remark.includes('match'))).toEqual([]);
      if (name.startsWith('Memory')) expect(measures['RSS, empty']!.median, name).toBeGreaterThan(20);
      else expect(measures['frames/s']!.median, name).toBeGreaterThan(250);
    }
    // The rings of ten participants are there, whatever else a process of this size does.
    expect(rows.at(-1)!.measures['RSS per stream']!.median).toBeGreaterThan(0);
  }),
);
