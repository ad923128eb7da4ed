/**
 * A real gateway with calls in it, for something to go wrong in: starts it, fills it, lets the fault happen in the middle, and
 * then holds everything against what was sent: recordings bit for bit, the account, file descriptors, memory.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulationReport } from '../../src/simulator/report.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { expectedTimeline } from '../../src/simulator/timeline.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { IdentityWatch } from '../support/identity-watch.ts';
import type { Need } from '../support/machine.ts';

export interface Size {
  readonly streams: number;
  readonly durationMs: number;
  /** For faults that are a number of connections. */
  readonly connections: number;
  /** For faults that are a standstill. */
  readonly standstillMs: number;
}

/** What a fault may work with. */
export interface Arena {
  readonly gateway: GatewayProcess;
  /** Where the recordings are. */
  readonly folder: string;
  /** What can be undone when it is all over. */
  readonly cleanUp: (() => unknown)[];
}

export interface Fault {
  readonly name: string;
  /** Beyond Node.js and npm. */
  readonly needs?: readonly Need[];
  readonly flags?: (cleanUp: (() => unknown)[]) => Promise<readonly string[]>;
  readonly env?: Readonly<Record<string, string>>;
  /** The address that calls dial, if it is not the gateway's own. */
  readonly dial?: (arena: Arena) => Promise<string>;
  /** What calls carry, if they must. */
  readonly token?: () => string;
  /** Where recordings go, if not to a folder of its own. */
  readonly folder?: (cleanUp: (() => unknown)[]) => string | null;
  /** Happens in the middle of the calls. */
  readonly strike: (arena: Arena, size: Size) => Promise<void>;
  /** How long calls are, if they must outlast it. */
  readonly callsMs?: (size: Size) => number;
  /** Calls that the fault itself may end. */
  readonly mayEndCalls?: boolean;
  /** What is lost on the way to the files, counted; then they are not compared. */
  readonly mayLoseRecordings?: boolean;
  /** What waits in lanes meanwhile touches memory of theirs for the first time, and it stays theirs: at most so much, MiB. */
  readonly backlogMib?: number;
  /** Messages that the fault sends itself, as the account must show them lost. */
  readonly lost?: number;
  /** `--ring-seconds`, if its flags say so. */
  readonly ringSeconds?: number;
}

export interface Outcome {
  readonly problems: readonly string[];
  readonly facts: string;
}

export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
}

/** Waits for what should come by itself. */
export async function settle(condition: () => Promise<boolean>, deadlineMs: number): Promise<boolean> {
  for (const untilMs = performance.now() + deadlineMs; performance.now() < untilMs; ) {
    if (await condition()) return true;
    await sleep(50);
  }
  return condition();
}

/** Calls whose recording is not what was sent; those that did not run to their end are not looked at. */
export function wrongRecordings(
  report: SimulationReport,
  options: { calls: number; durationMs: number; seed: number },
  folder: string,
) {
  return report.perCall.filter(({ call, callConnectionId, outcome }) => {
    if (outcome !== 'completed') return false;
    try {
      const recorded = readFileSync(join(folder, callConnectionId, 'mixed.pcm'));
      return !recorded.equals(expectedTimeline(options, call, 0));
    } catch {
      return true;
    }
  }).length;
}

export async function run(fault: Fault, size: Size): Promise<Outcome> {
  const cleanUp: (() => unknown)[] = [];
  const problems: string[] = [];
  const check = (isRight: boolean, problem: string) => {
    if (!isRight) problems.push(problem);
  };
  const own = fault.folder?.(cleanUp) ?? null;
  const folder = own ?? mkdtempSync(join(tmpdir(), 'acs-chaos-'));
  if (own === null) cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const flags = (await fault.flags?.(cleanUp)) ?? [];
    const gateway = await GatewayProcess.startIn(
      fault.env ?? {},
      '--sink',
      `pcm:${folder}`,
      '--workers',
      '2',
      ...flags,
    );
    cleanUp.push(() => gateway.kill());
    const arena: Arena = { gateway, folder, cleanUp };
    const url = (await fault.dial?.(arena)) ?? gateway.url;
    const token = fault.token === undefined ? {} : { token: fault.token() };
    const isEmpty = async () => {
      const metrics = await gateway.metrics();
      return metrics.get('ring_memory_bytes') === 0 && (await gateway.streams()).length === 0;
    };

    // The same once without the fault, and longer than the rings are: code is compiled, memory is touched.
    const warmUp = { calls: size.streams, durationMs: size.durationMs, seed: 1, ...token };
    await simulateCalls({ ...warmUp, url });
    await settle(isEmpty, 15_000);
    const before = { files: openFiles(gateway.pid), mib: residentMib(gateway.pid), metrics: await gateway.metrics() };

    const options = { calls: size.streams, durationMs: fault.callsMs?.(size) ?? size.durationMs, seed: 2 };
    // What a fault sends itself has rings as well.
    const watch = new IdentityWatch(gateway, { rings: size.streams + 8, ringSeconds: fault.ringSeconds ?? 2 });
    watch.start();
    await watch.look();
    const running = simulateCalls({ ...options, ...token, url });
    await sleep(size.durationMs / 3);
    await fault.strike(arena, size);
    await watch.look();
    const report = await running;
    check(await settle(isEmpty, 15_000), 'rings or streams are left');
    await watch.look();
    watch.stop();
    for (const problem of watch.problems) check(false, problem);
    check(watch.looks > 2, `the account was looked at ${watch.looks} times`);
    await settle(async () => openFiles(gateway.pid) <= before.files, 5000);
    const after = { files: openFiles(gateway.pid), mib: residentMib(gateway.pid), metrics: await gateway.metrics() };

    if (fault.mayEndCalls !== true) check(report.ok, `calls did not run to their end: ${JSON.stringify(report.calls)}`);
    if (fault.mayLoseRecordings !== true) {
      const wrong = wrongRecordings(report, options, folder);
      check(wrong === 0, `${wrong} recordings are not what was sent`);
    }
    // Fewer is no leak: a connection to a key server may have gone.
    check(after.files <= before.files, `file descriptors: ${before.files} before, ${after.files} after`);
    check(
      // A tenth, and what a tenth was of the 40 MiB that a gateway took for stripping types from its sources.
      after.mib < 1.1 * before.mib + 14 + (fault.backlogMib ?? 0),
      `memory: ${before.mib.toFixed(0)} MiB before, ${after.mib.toFixed(0)} after`,
    );
    check(after.metrics.get('messages_unaccounted') === 0, 'messages are not accounted for');
    const lost = after.metrics.get('messages_dropped_total{reason="worker_lost"}')!;
    check(lost === (fault.lost ?? 0), `${lost} messages lost with a worker, expected ${fault.lost ?? 0}`);
    check(after.metrics.get('messages_dropped_total{reason="lane_full"}') === 0, 'a lane was full');
    const { code, last } = await gateway.drain();
    check(code === 0 && last.msg === 'drained', `the drain ended with ${code}: ${JSON.stringify(last)}`);
    const facts =
      `${report.calls.completed} of ${report.calls.dialled} calls to their end, ` +
      `${last['committed']} of ${last['received']} messages committed, ` +
      `files ${before.files} -> ${after.files}, ${before.mib.toFixed(0)} -> ${after.mib.toFixed(0)} MiB`;
    return { problems, facts };
  } finally {
    for (const undo of cleanUp.reverse()) await undo();
  }
}
