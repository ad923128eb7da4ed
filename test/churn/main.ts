/** `npm run churn`: connections come and go, and nothing may be left of them. */
import { readToolFlags } from '../support/tool-flags.ts';
import { problems, runChurn } from './churn.ts';

const usage = `Usage: npm run churn -- [--connections 20000] [--warm-up 6000] [--per-second 900] [--speech on]

Connections that come, send something and go, and with --speech on are spoken to. Ends with 1 if anything is left of them.
`;
const { values } = readToolFlags(usage, {
  connections: 20_000,
  'warm-up': 6_000,
  'per-second': 900,
  speech: 'off',
});
const report = await runChurn({
  connections: values.connections,
  warmUp: values['warm-up'],
  perSecond: values['per-second'],
  isSpokenTo: values.speech === 'on',
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
