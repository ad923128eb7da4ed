/** `npm run kills -- [--kills 5000] [--workers 4] [--seed N]`: kills of decode workers under load; ends with 1 if anything was not as it should be. */
import { parseArgs } from 'node:util';
import { type KillReport, runKills } from './kills.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '5000' },
    workers: { type: 'string', default: '4' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
});

function line({ kills, inHand, halfDone, streams, messages, committed, lost, frames, looks }: KillReport): string {
  return (
    `${kills} kills, ${inHand} with a record in hand, ${halfDone} with one half-done; ${streams} streams, ` +
    `${messages} messages, ${committed} committed, ${lost} lost, ${frames} frames; account looked at ${looks} times`
  );
}

const seed = Number(values.seed);
console.log(`seed ${seed}`);
const report = await runKills({
  kills: Number(values.kills),
  workers: Number(values.workers),
  seed,
  onProgress: (now) => console.log(line(now)),
});
console.log(line(report));
console.log(report.problems.length === 0 ? 'nothing uncounted, nothing leaked' : report.problems.join('\n'));
process.exit(report.problems.length === 0 ? 0 : 1);
