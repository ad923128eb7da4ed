/** `npm run chaos`: every fault under load, one after the other, in full size. Ends with 1 if anything was not as it should be. */

import { has, type Need } from '../support/machine.ts';
import { readToolFlags } from '../support/tool-flags.ts';
import { type Outcome, run, type Size } from './arena.ts';
import { faults } from './faults.ts';
import { runSpeech, speechName } from './speech.ts';

const usage = `Usage: npm run chaos -- [--only TEXT]

Every fault under load, one after the other, in full size: ten minutes. Ends with 1 if anything was not as it should be.

  --only TEXT   faults with this in their name
`;
const { only } = readToolFlags(usage, { only: '' }).values;
const size: Size = { streams: 200, durationMs: 9000, connections: 5000, standstillMs: 70_000 };

interface Scene {
  readonly name: string;
  readonly needs?: readonly Need[];
  readonly run: () => Promise<Outcome>;
}
const speech: Scene = { name: speechName, run: () => runSpeech({ calls: size.streams, durationMs: size.durationMs }) };
const scenes: readonly Scene[] = [...faults.map((fault) => ({ ...fault, run: () => run(fault, size) })), speech];

let failures = 0;
for (const scene of scenes) {
  if (!scene.name.includes(only)) continue;
  const missing = (scene.needs ?? []).filter((need) => !has(need));
  if (missing.length > 0) {
    console.log(`skipped  ${scene.name}: missing here: ${missing.join(', ')}`);
    continue;
  }
  const { problems, facts } = await scene.run();
  console.log(`${problems.length === 0 ? 'ok      ' : 'NOT OK  '} ${scene.name}\n         ${facts}`);
  for (const problem of problems) console.log(`         ${problem}`);
  failures += problems.length;
}
process.exit(failures === 0 ? 0 : 1);
