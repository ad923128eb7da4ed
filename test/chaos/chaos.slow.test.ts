/** Every fault under load, in a short form; `npm run chaos` has the full one. */
import { expect, test } from 'vitest';
import { needs } from '../support/needs.ts';
import { always, judgingTimes } from '../support/starvation.ts';
import { run } from './arena.ts';
import { faults } from './faults.ts';

const size = { streams: 16, durationMs: 3000, connections: 500, standstillMs: 3000 };

for (const fault of faults) {
  test(
    `${fault.name}: the surviving streams are bit for bit right, and nothing is left behind`,
    needs(...(fault.needs ?? [])),
    judgingTimes(async () => {
      const { problems } = await run(fault, size);
      const inexcusable = problems.filter((problem) => /accounted|went back/.test(problem));
      await always(() => expect(inexcusable).toEqual([]));
      expect(problems).toEqual([]);
    }),
  );
}
