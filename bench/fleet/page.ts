/** The result of `bench:fleet` as it stands on docs/scaling.md. Pure. */
import { formatNumber } from '../report/format.ts';
import type { Row } from '../report/result.ts';
import { markdownTable } from '../report/table.ts';
import type { FleetResult } from './result.ts';

export const capacityGroup = 'Capacity';
const separator = ' · ';

const costColumns = [
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
const capacityColumns = [
  'capacity',
  'by one',
  'frames/s',
  'gateways',
  'HAProxy',
  'fullest gateway',
  'residence p99',
  'drops',
  'machine busy',
  'others CPU',
];

/** Contents of the page by the name of their place. */
export function fleetTables({ rows, machine, commit, startedAt, settings }: FleetResult): Map<string, string> {
  const isCapacity = ({ name }: Row): boolean => name.startsWith(capacityGroup + separator);
  const capacities = rows.filter(isCapacity).map((row) => ({ ...row, name: row.name.split(separator)[1]! }));
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
    [
      'fleet-costs',
      tableOf(
        rows.filter((row) => !isCapacity(row)),
        costColumns,
      ),
    ],
    ['fleet-capacity', tableOf(capacities, capacityColumns)],
  ]);
}

/** The chosen columns, as far as there are any figures for them. */
function tableOf(rows: readonly Row[], columns: readonly string[]): string {
  return markdownTable(
    rows,
    columns.filter((column) => rows.some(({ measures }) => column in measures)),
  );
}
