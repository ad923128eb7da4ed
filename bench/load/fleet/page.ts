/** The result of `bench:fleet` as it stands on docs/scaling.md. Pure. */
import { formatNumber } from '../../report/format.ts';
import { markdownTable } from '../../report/table.ts';
import type { FleetResult } from './result.ts';

const columns = [
  'frames/s',
  'gateways',
  'HAProxy',
  'RSS of HAProxy',
  'fullest gateway',
  'residence p50',
  'residence p99',
  'drops',
  'generators CPU',
  'others CPU',
];

/** Contents of the page by the name of their place. */
export function fleetTables({ rows, machine, commit, startedAt, settings }: FleetResult): Map<string, string> {
  const facts = [
    `${machine.cpu}, ${machine.cores} cores`,
    `kernel ${machine.kernel}`,
    `Node.js ${machine.node.replace(/^v/, '')}`,
    `commit ${commit ?? 'unknown'}`,
    startedAt.slice(0, 10),
  ];
  const chosen = Object.entries(settings).map(([name, value]) => {
    return `${name} ${typeof value === 'number' ? formatNumber(value, Number.isInteger(value) ? 0 : 2) : value}`;
  });
  return new Map([
    ['fleet-run', `\`npm run bench:fleet\` on ${facts.join('; ')}. Settings: ${chosen.join('; ')}.`],
    ['fleet-costs', markdownTable(rows, columns)],
  ]);
}
