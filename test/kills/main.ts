/** `npm run kills`: decode workers are killed under load, and everything has to be accounted for. */
import { readToolFlags } from '../support/tool-flags.ts';
import { type KillReport, runKills } from './kills.ts';

const usage = `Usage: npm run kills -- [--kills 5000] [--workers 4] [--seed N]

Kills decode workers under load at random moments. Ends with 1 if anything was not as it should be.
`;
const { values } = readToolFlags(usage, { kills: 5000, workers: 4, seed: Date.now() % 1e9 });

function line({ kills, inHand, halfDone, streams, messages, committed, lost, frames, looks }: KillReport): string {
  return (
    `${kills} kills, ${inHand} with a record in hand, ${halfDone} with one half-done; ${streams} streams, ` +
    `${messages} messages, ${committed} committed, ${lost} lost, ${frames} frames; account looked at ${looks} times`
  );
}

const { kills, workers, seed } = values;
console.log(`seed ${seed}`);
const report = await runKills({
  kills,
  workers,
  seed,
  onProgress: (now) => console.log(line(now)),
});
console.log(line(report));
console.log(report.problems.length === 0 ? 'nothing uncounted, nothing leaked' : report.problems.join('\n'));
process.exit(report.problems.length === 0 ? 0 : 1);
