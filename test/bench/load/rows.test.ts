/** Measurements as rows, their remarks, and the targets. */
import { expect, test } from 'vitest';
import { rivalLabels, rowName } from '../../../bench/load/labels.ts';
import type { Measurement } from '../../../bench/load/measurement.ts';
import { rowOf } from '../../../bench/load/rows.ts';
import { formatTargets, loadTargets } from '../../../bench/load/targets.ts';
import { measurement as one } from '../support/measurement.ts';

function medians(measurement: Measurement): Record<string, number> {
  const { measures } = rowOf('row', [measurement]);
  return Object.fromEntries(Object.entries(measures).map(([column, { median }]) => [column, median]));
}

test('a row has the figures of its measurements', () => {
  expect(medians(one)).toMatchObject({
    'frames/s': 50_000,
    CPU: 5,
    user: 2,
    system: 3,
    'main thread': 30,
    'residence p50': 1,
    RSS: 100,
    'RSS growth': 25,
    GC: 1,
    'warm-up drops': 7,
    'longest GC pause': 3,
    'generator CPU': 0.4,
  });
  expect(rowOf('row', [one, { ...one, userUs: 2_000_000 }]).measures['CPU']).toMatchObject({ min: 5, max: 7 });
});

test('a row without residence has no such columns', () => {
  const bare = { ...one, residence: { bounds: [Number.POSITIVE_INFINITY], counts: [0] } };
  expect(Object.keys(medians(bare)).filter((column) => column.startsWith('residence'))).toEqual([]);
});

const busyGenerator = { ...one.generator, cpuUs: 9_500_000 };
const unsending = { ...one.generator, framesUnsent: 5 };

test.each<[string, Partial<Measurement>, string[]]>([
  ['nothing when all was well', {}, []],
  ['a busy generator', { generator: busyGenerator }, ['generator was at its limit']],
  ['unsent frames while the server had time', { generator: unsending }, ['generator was at its limit']],
  ['nothing of the generator when the server had none', { generator: unsending, mainThreadUs: 9.9e6 }, []],
  ['a load that was not reached', { frames: 400_000 }, ['not reached: 45,000 of 50,000']],
  ['that all cores were busy', { userUs: 15e6 }, ['all cores were busy']],
  ['why something was dropped', { dropped: 3, droppedBy: { lane_full: 3 } }, ['because of lane_full']],
  ['a mismatch', { mismatches: ['1 lost'] }, ['do not match: 1 lost']],
])('remarks tell %s', (_, change, expected) => {
  const { remarks } = rowOf('row', [one, { ...one, ...change }]);
  expect(remarks).toHaveLength(expected.length);
  for (const [i, text] of expected.entries()) expect(remarks[i]).toContain(text);
});

test('targets compare rows of the same load, and say what was not measured', () => {
  const group = '50,000 frames/s';
  const ours = rowOf(rowName(group, 'gateway (scan)'), [{ ...one, userUs: 2_500_000 }]);
  const theirs = rowOf(rowName(group, rivalLabels.bare), [one]);
  const targets = loadTargets([ours, theirs]);
  const target = targets.find(({ name }) => name === `${group}: CPU, gateway / ${rivalLabels.bare}`)!;
  expect(target.value).toBeCloseTo(1.6);
  const lines = formatTargets([{ ...target, value: 1.5 }, { ...target, value: 1.7 }, targets[0]!]).split('\n');
  expect(lines.map((line) => line.split('  ').at(-1)!.trim())).toEqual(['reached', 'NOT REACHED', 'not measured']);
});
