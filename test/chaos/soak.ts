/**
 * `npm run soak -- --minutes 60`: one gateway, calls without end, and every fault again and again in an order that is drawn. Once a
 * second the account is looked at; after each round what has to be whole is compared bit for bit, and what should be gone is.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { IdentityWatch } from '../support/identity-watch.ts';
import { has } from '../support/machine.ts';
import { readToolFlags } from '../support/tool-flags.ts';
import { type Arena, openFiles, residentMib, settle, wrongRecordings } from './arena.ts';
import { lastingFaults } from './faults.ts';

const usage = `Usage: npm run soak -- [--minutes N] [--calls N] [--seed N]

One gateway under faults: ${lastingFaults.map(({ name }) => name).join('; ')}.
Ends with 1 if anything was not as it should be.
`;
const { minutes, calls, seed } = readToolFlags(usage, { minutes: 60, calls: 200, seed: 1 }).values;
const roundMs = 20_000;
const ringSeconds = 5;

/** The order of faults: drawn, and the same for the same seed. */
function drawn(round: number, count: number): number {
  return (Math.imul(seed + round, 0x9e37_79b1) >>> 8) % count;
}

const cleanUp: (() => unknown)[] = [];
const problems: string[] = [];
const tally = new Map<string, number>();
const figures = { lost: 0, expectedLost: 0, mib: [] as number[], files: [] as number[] };
const faults = lastingFaults.filter(({ needs = [] }) => needs.every(has));
const folder = mkdtempSync(join(tmpdir(), 'acs-soak-'));
cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));

async function rounds(arena: Arena, watch: IdentityWatch): Promise<void> {
  const { gateway } = arena;
  const isEmpty = async () => {
    const metrics = await gateway.metrics();
    return metrics.get('ring_memory_bytes') === 0 && (await gateway.streams()).length === 0;
  };
  const endMs = performance.now() + minutes * 60_000;
  for (let round = 0; performance.now() < endMs; round++) {
    const fault = faults[drawn(round, faults.length)]!;
    const options = { calls, durationMs: roundMs, seed: seed + round };
    const running = simulateCalls({ ...options, url: gateway.url });
    await sleep(roundMs / 4);
    await fault.strike(arena, { streams: calls, durationMs: roundMs, connections: 2000, standstillMs: 0 });
    const report = await running;
    tally.set(fault.name, (tally.get(fault.name) ?? 0) + 1);
    figures.expectedLost += fault.lost ?? 0;
    const where = `round ${round}, ${fault.name}`;
    if (!report.ok) {
      const metrics = await gateway.metrics();
      const causes = [...metrics].filter(
        ([name, count]) => /^(overload_refusals|upgrades)_total/.test(name) && count > 0,
      );
      const refusals = causes.map(([name, count]) => `${name} ${count}`).join(', ');
      problems.push(`${where}: calls did not run to their end: ${JSON.stringify(report.calls)}; in all ${refusals}`);
    }
    if (!(await settle(isEmpty, 30_000))) problems.push(`${where}: rings or streams are left`);
    const wrong = fault.mayLoseRecordings === true ? 0 : wrongRecordings(report, options, folder);
    if (wrong > 0) problems.push(`${where}: ${wrong} recordings are not what was sent`);
    for (const { callConnectionId } of report.perCall)
      rmSync(join(folder, callConnectionId), { recursive: true, force: true });
    for (const problem of watch.problems) problems.push(`${where}: ${problem}`);
    watch.problems.clear();
    figures.mib.push(residentMib(gateway.pid));
    figures.files.push(openFiles(gateway.pid));
    console.log(
      `${where}: ${figures.mib.at(-1)!.toFixed(0)} MiB, ${figures.files.at(-1)} files, ${problems.length} problems`,
    );
  }
}

try {
  const env = Object.assign({}, ...faults.map((fault) => fault.env ?? {})) as Record<string, string>;
  const flags: string[] = [];
  for (const fault of faults) {
    for (const flag of (await fault.flags?.(cleanUp)) ?? []) flags.push(flag);
  }
  const gateway = await GatewayProcess.startIn(
    env,
    '--sink',
    `pcm:${folder}`,
    '--workers',
    '2',
    ...withoutRepeats(flags),
  );
  cleanUp.push(() => gateway.kill());
  const watch = new IdentityWatch(gateway, { rings: calls + 8, ringSeconds });
  watch.start();
  await rounds({ gateway, folder, cleanUp }, watch);
  watch.stop();
  const metrics = await gateway.metrics();
  figures.lost = metrics.get('messages_dropped_total{reason="worker_lost"}')!;
  if (figures.lost !== figures.expectedLost)
    problems.push(`${figures.lost} messages lost, ${figures.expectedLost} expected`);
  const { code, last } = await gateway.drain();
  if (code !== 0 || last.msg !== 'drained') problems.push(`the drain ended with ${code}: ${JSON.stringify(last)}`);
  console.log(
    `\n${watch.looks} looks at the account. ${last['committed']} of ${last['received']} messages committed, ${figures.lost} lost with a worker.`,
  );
  // The first rounds compile code and touch memory.
  const [from, to] = [Math.max(...figures.mib.slice(0, 5)), figures.mib.at(-1)!];
  console.log(
    `Memory ${from.toFixed(0)} -> ${to.toFixed(0)} MiB, files ${figures.files[0]} -> ${figures.files.at(-1)}.`,
  );
  for (const [name, count] of tally) console.log(`${String(count).padStart(5)}  ${name}`);
} finally {
  for (const undo of cleanUp.reverse()) await undo();
}
for (const problem of problems) console.log(`NOT OK  ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);

/** Of a flag that several faults give, the first one holds; sinks are a list. */
function withoutRepeats(all: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < all.length; i += 2) {
    if (all[i] === '--sink' || !kept.includes(all[i]!)) kept.push(all[i]!, all[i + 1]!);
  }
  return kept;
}
