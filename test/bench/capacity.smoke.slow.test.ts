/** The command `bench:capacity` in its smallest size. */
import { expect, test } from 'vitest';
import { judgingTimes } from '../support/starvation.ts';
import { smoke } from './support/command.ts';

test(
  'every step is a row, and the last row says how many streams were held',
  judgingTimes(async () => {
    const { bench, rows } = await smoke('capacity');
    expect(bench).toBe('capacity');
    expect(rows.at(-1)).toMatchObject({ name: 'capacity', remarks: ['at least 20: more were not tried'] });
    expect(rows.at(-1)!.measures['streams']!.median).toBe(20);
    expect(rows.slice(0, -1).map(({ name }) => name)).toEqual(['10 streams', '20 streams']);
    for (const { measures } of rows.slice(0, -1)) expect(measures['drops']!.median).toBe(0);
  }),
);
