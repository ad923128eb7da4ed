/** `main.ts [--connections 20000] [--warm-up 6000] [--per-second 900]`: churn, a report, and exit code 1 if anything is left. */
import { parseArgs } from 'node:util';
import { problems, runChurn } from './churn.ts';

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '20000' },
    'warm-up': { type: 'string', default: '6000' },
    'per-second': { type: 'string', default: '900' },
  },
});
const report = await runChurn({
  connections: Number(values.connections),
  warmUp: Number(values['warm-up']),
  perSecond: Number(values['per-second']),
});
const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const found = problems(report);
console.log(
  `connections       ${report.connections} (the last ${values.connections} in ${report.seconds.toFixed(1)} s)`,
);
console.log(`streams           ${report.accepted} accepted, ${report.closes} closed`);
console.log(`file descriptors  ${report.filesBefore.length} before, ${report.filesAfter.length} after`);
console.log(
  `memory in use     ${mib(report.residentBefore)} after the warm-up, ${mib(report.residentAfter)} at the end`,
);
console.log(found.length === 0 ? 'nothing is left' : found.join('\n'));
process.exitCode = found.length === 0 ? 0 : 1;
