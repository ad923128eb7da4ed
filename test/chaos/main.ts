/** `npm run chaos`: every fault under load, one after the other, in full size. Ends with 1 if anything was not as it should be. */

import { has } from '../support/machine.ts';
import { readToolFlags } from '../support/tool-flags.ts';
import { run, type Size } from './arena.ts';
import { faults } from './faults.ts';

const usage = `Usage: npm run chaos -- [--only TEXT]

Every fault under load, one after the other, in full size: ten minutes. Ends with 1 if anything was not as it should be.

  --only TEXT   faults with this in their name
`;
const { only } = readToolFlags(usage, { only: '' }).values;
const size: Size = { streams: 200, durationMs: 9000, connections: 5000, standstillMs: 70_000 };

let failures = 0;
for (const fault of faults) {
  if (!fault.name.includes(only)) continue;
  const missing = (fault.needs ?? []).filter((need) => !has(need));
  if (missing.length > 0) {
    console.log(`skipped  ${fault.name}: missing here: ${missing.join(', ')}`);
    continue;
  }
  const { problems, facts } = await run(fault, size);
  console.log(`${problems.length === 0 ? 'ok      ' : 'NOT OK  '} ${fault.name}\n         ${facts}`);
  for (const problem of problems) console.log(`         ${problem}`);
  failures += problems.length;
}
process.exit(failures === 0 ? 0 : 1);
