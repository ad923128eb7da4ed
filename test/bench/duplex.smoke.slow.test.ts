/** The command `bench:duplex` in its smallest size: calls hear what is sent into them, whoever sends it. */
import { expect, test } from 'vitest';
import { judgingTimes } from '../support/starvation.ts';
import { runBench, smoke } from './support/command.ts';

const sample = "ws + StreamingData.parse (Microsoft's sample)";
const names = [
  'Hearing · gateway',
  'Hearing · gateway that may speak and is silent',
  'Hearing and speaking · gateway',
  'Hearing · bare uWebSockets.js',
  'Hearing and speaking · bare uWebSockets.js',
  `Hearing · ${sample}`,
  `Hearing and speaking · ${sample}`,
];

test(
  'every row is measured, and no frame gets lost on its way to the server or back',
  judgingTimes(async () => {
    const { bench, rows, stdout } = await smoke('duplex');
    expect(bench).toBe('duplex');
    expect(rows.map(({ name }) => name)).toEqual(names);
    for (const { name, measures, remarks } of rows) {
      expect(remarks.filter((remark) => remark.includes('match'))).toEqual([]);
      expect(measures['drops']!.median, name).toBe(0);
      expect('sent frames/s' in measures, name).toBe(name.startsWith('Hearing and speaking'));
      expect('CPU per frame sent' in measures, name).toBe(name.startsWith('Hearing and speaking'));
      expect('lateness p99' in measures, name).toBe(name === 'Hearing and speaking · gateway');
      for (const [column, { samples }] of Object.entries(measures)) {
        expect(samples.every(Number.isFinite), `${name}: ${column}`).toBe(true);
      }
      expect(stdout).toContain(name);
    }
    const spoken = rows.find(({ name }) => name === 'Hearing and speaking · gateway')!;
    expect(spoken.measures['sent frames/s']!.median).toBeGreaterThan(50);
  }),
);

test('a row that does not exist is refused', async () => {
  const { code, stderr } = await runBench('duplex', '--rows', 'nothing');
  expect(code).toBe(2);
  expect(stderr).toContain('no row "nothing"');
});
