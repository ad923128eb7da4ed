/** `npm run bench:load -- --tls`: what TLS costs where it can end: in the gateway, in a proxy in front of it, in other servers. */
import { framesPerSecond as framesPerStream } from '../../../src/base/limits.ts';
import { BadInput, exitCode, writeResult } from '../../report/cli.ts';
import { type Row, result } from '../../report/result.ts';
import { consoleTable } from '../../report/table.ts';
import type { Case } from '../case.ts';
import { integerFlag, integersFlag, numberFlag, readFlags } from '../flags.ts';
import { interleave } from '../interleave.ts';
import { groupName, rowName } from '../labels.ts';
import { type Load, type Measurement, measureOnce, type Timing } from '../measurement.ts';
import { assertLinux } from '../process-stats.ts';
import { programVersion } from '../proxy/proxy-process.ts';
import { remarksOn } from '../rows.ts';
import { formatTargets } from '../targets.ts';
import { usualSuites } from '../tls-client.ts';
import { verifyAll } from '../verification.ts';
import { type ConnectionsMeasurement, type ConnectionsPlan, measureConnections } from './connections.ts';
import { type TlsKind, tlsKinds } from './kinds.ts';
import { chainUsPerFrame, connectionsRow, framesRow } from './rows.ts';
import { tlsTargets } from './targets.ts';

/**
 * Of the time between two frames, what lies between them at least: in all rows alike, and longer than a client takes that encrypts.
 * Frames that it sends more slowly would find the server asleep more often, and TLS would seem to cost what waking costs.
 */
const usualGap = 0.4;

const usage = `usage: npm run bench:load -- --tls [flags]
  --loads N,N          frames per second of all streams (20000)
  --streams N          instead of a stream for every 50 frames per second
  --seconds N          length of the measured window (10)
  --warm-up N          seconds before it (4)
  --connections N      that are opened at once, to see what one costs (1000)
  --gap SHARE          of the time between two frames, that lies between them at least; 0: frames leave in bursts (${usualGap})
  --suites A:B         of TLS 1.3, as the client offers them, the preferred one first (${usualSuites})
  --repetitions N      of every row, in turns (3)
  --rows KEY,KEY       ${tlsKinds.map(({ key }) => key).join(', ')} (all that this machine has)
  --json FILE          where the result goes (bench/results)
  --smoke              only shows that the benchmark works`;

const flagNames = ['loads', 'streams', 'seconds', 'warm-up', 'connections', 'gap', 'suites', 'repetitions', 'rows'];
const connectionsGroup = 'Connections';
const sampleRate = 16_000;

function chosenKinds(rows: unknown): readonly TlsKind[] {
  if (typeof rows !== 'string') return tlsKinds;
  return rows.split(',').map((key) => {
    const kind = tlsKinds.find((one) => one.key === key);
    if (kind === undefined) throw new BadInput(`--rows: no row ${JSON.stringify(key)}\n${usage}`);
    return kind;
  });
}

function gapFlag(text: unknown): number {
  const share = text === undefined ? usualGap : Number(text);
  if (share >= 0 && share < 1) return share;
  throw new BadInput(`--gap: ${JSON.stringify(text)}: expected a number from 0 to below 1`);
}

/** Those that this machine can run; says which it cannot. */
function runnable(kinds: readonly TlsKind[]): readonly TlsKind[] {
  return kinds.filter(({ label, program }) => {
    if (program === undefined || programVersion(program) !== null) return true;
    console.error(`left out: ${label}: ${program} is missing (apt-get install ${program})`);
    return false;
  });
}

function framesCase(kind: TlsKind, load: Load, timing: Timing): Case {
  const all: Measurement[] = [];
  const name = rowName(groupName(load.framesPerSecond), kind.label);
  return {
    name,
    measure: async () => {
      const one = await measureOnce(kind, load, timing);
      all.push(one);
      return [`${chainUsPerFrame(one).toFixed(2)} µs/frame`, ...remarksOn([one])].join('; ');
    },
    row: () => framesRow(name, all),
    mismatches: () => all.flatMap(({ mismatches }) => mismatches),
  };
}

function connectionsCase(kind: TlsKind, plan: ConnectionsPlan): Case {
  const all: ConnectionsMeasurement[] = [];
  const name = rowName(connectionsGroup, kind.label);
  return {
    name,
    measure: async () => {
      const one = await measureConnections(kind, plan);
      all.push(one);
      return `${Math.round(one.newUs.server + one.newUs.proxy)} µs/connection`;
    },
    row: () => connectionsRow(name, all),
    mismatches: () => [],
  };
}

export async function benchTls(argv: readonly string[]): Promise<number> {
  const startedAt = new Date();
  const flags = Object.fromEntries(flagNames.map((name) => [name, {}]));
  const { values, smoke, json } = readFlags({ bench: 'tls', usage, flags, switches: ['tls'] }, argv, startedAt);
  const totals = integersFlag(values, 'loads', smoke ? [500] : [20_000]);
  const suites = typeof values['suites'] === 'string' ? values['suites'] : usualSuites;
  const connections = integerFlag(values, 'connections', smoke ? 20 : 1000);
  const repetitions = integerFlag(values, 'repetitions', smoke ? 1 : 3);
  const timing = {
    warmUpSeconds: numberFlag(values, 'warm-up', smoke ? 0.3 : 4),
    windowSeconds: numberFlag(values, 'seconds', smoke ? 1 : 10),
  };
  const gap = gapFlag(values['gap']);
  const loads = totals.map((framesPerSecond): Load => {
    const streams = integerFlag(values, 'streams', Math.max(1, Math.round(framesPerSecond / framesPerStream)));
    const gapMs = (gap * 1000) / framesPerSecond;
    return { streams, framesPerSecond, participants: 1, sampleRate, suites, gapMs };
  });
  assertLinux();
  const kinds = runnable(chosenKinds(values['rows']));
  if (kinds.length === 0) throw new BadInput('nothing is left to measure');
  if (!(await verifyAll(kinds, loads[0]!))) return 1;
  console.error('content: every server decodes what it is sent');

  const cases = [
    ...loads.flatMap((load) => kinds.map((kind) => framesCase(kind, load, timing))),
    ...kinds.map((kind) => connectionsCase(kind, { count: connections, suites })),
  ];
  await interleave(cases, repetitions, async (one, repetition) => {
    console.error(`${repetition + 1}. ${one.name}: ${await one.measure()}`);
  });
  const rows = cases.map((one) => one.row());

  const programs = new Set(kinds.flatMap(({ program }) => program ?? []));
  const versions = Object.fromEntries([...programs].map((program) => [program, programVersion(program) ?? '']));
  const streams = loads.map((load) => load.streams).join(',');
  const settings = { ...timing, repetitions, streams, gap, connections, suites, ...versions, smoke };
  writeResult(result('tls', startedAt, settings, rows), json);
  const isConnections = ({ name }: Row): boolean => name.startsWith(connectionsGroup);
  console.log(consoleTable(rows.filter((row) => !isConnections(row))));
  console.log(`\n${consoleTable(rows.filter(isConnections))}`);
  if (!smoke) console.log(`\n${formatTargets(tlsTargets(rows, totals))}`);
  console.log(`\n${json}`);

  const wrong = cases.filter((one) => one.mismatches().length > 0);
  for (const { name } of wrong) console.error(`${name}: what came out is not what went in`);
  return wrong.length === 0 ? exitCode.ok : 1;
}
