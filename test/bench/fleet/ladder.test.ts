/** The search for what arrangements hold, and how it is told. */
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../bench/capacity/search.ts';
import { one, two } from '../../../bench/fleet/arrangement.ts';
import { capacityRow } from '../../../bench/fleet/capacity.ts';
import { climb } from '../../../bench/fleet/ladder.ts';

const ladder = { from: 100, step: 50, stepsMax: 10 };

describe('a climb', () => {
  test('takes each step with every case before the next one, and a failed one twice', async () => {
    const tried: string[] = [];
    const limits = { a: 150, b: 220 };
    const climbs = await climb(['a', 'b'] as const, ladder, async (name, streams) => {
      tried.push(`${name} ${streams}`);
      const verdict: Verdict = streams <= limits[name] ? 'held' : 'failed';
      return { trial: streams, verdict };
    });
    expect(tried).toEqual(['a 100', 'b 100', 'a 150', 'b 150', 'a 200', 'a 200', 'b 200', 'b 250', 'b 250']);
    expect(climbs).toEqual([
      { held: 150, trial: 150, above: 'failed' },
      { held: 200, trial: 200, above: 'failed' },
    ]);
  });

  test('goes on when the second attempt holds, and says when it was not stopped, or not by the gateways', async () => {
    let tries = 0;
    const flaky = await climb(['a'], { ...ladder, stepsMax: 2 }, async (_, streams) => {
      return { trial: streams, verdict: tries++ === 1 ? 'held' : streams === 100 ? 'unknown' : 'held' };
    });
    expect(flaky).toEqual([{ held: 150, trial: 150, above: 'held' }]);
    const never = await climb(['a'], ladder, async () => ({ trial: 0, verdict: 'unknown' }));
    expect(never).toEqual([{ held: 0, trial: null, above: 'unknown' }]);
  });
});

test('a row compares with one gateway of the same turn', () => {
  const held = (...all: number[]) => all.map((each) => ({ held: each, trial: null, above: 'failed' as const }));
  const { measures, remarks } = capacityRow(two, held(100, 150), held(100, 120));
  expect(measures['capacity']!.samples).toEqual([200, 300]);
  expect(measures['by one']!.samples).toEqual([2, 2.5]);
  expect(remarks).toEqual([]);
  expect(capacityRow(one, [{ held: 1, trial: null, above: 'held' }], held(1)).remarks).toEqual(['more were not tried']);
});
