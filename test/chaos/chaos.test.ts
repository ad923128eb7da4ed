/** Every fault under load, in a short form; `npm run chaos` has the full one. */
import { expect, test } from 'vitest';
import { run } from './arena.ts';
import { canMount, faults, needsMount } from './faults.ts';

const size = { streams: 30, durationMs: 3000, connections: 500 };
const mountable = canMount();

for (const fault of faults) {
  // Only root may mount, and not everywhere.
  test.skipIf(needsMount.has(fault) && !mountable)(
    `${fault.name}: the surviving streams are bit for bit right, and nothing is left behind`,
    { timeout: 60_000 },
    async () => {
      expect((await run(fault, size)).problems).toEqual([]);
    },
  );
}
