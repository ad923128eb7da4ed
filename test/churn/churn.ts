/**
 * Connections that come and go by the thousand at a bounded rate, many of them rudely, against one real gateway that records.
 * Afterwards nothing of them may be left. Memory is compared between two moments of the same kind: after a first churn, which
 * brings heap, buffers and rings to the size that this takes, and after a second one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { happens } from '../fuzz/case.ts';
import { freePort } from '../support/free-ports.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { Collector } from './collector.ts';
import { visits } from './peers.ts';
import { ask, openFiles, residentBytes, samples } from './process-facts.ts';

export interface ChurnOptions {
  /** Before and while the memory is measured: two churns. */
  readonly warmUp: number;
  readonly connections: number;
  readonly perSecond: number;
  /** A program that speaks into each of them. */
  readonly isSpokenTo?: boolean;
}

export interface ChurnReport {
  readonly connections: number;
  readonly accepted: number;
  readonly closes: number;
  readonly seconds: number;
  readonly filesBefore: readonly string[];
  readonly filesAfter: readonly string[];
  readonly residentBefore: number;
  readonly residentAfter: number;
  /** What `/metrics` says of what should be gone, by name. */
  readonly left: Readonly<Record<string, number | undefined>>;
  readonly streams: string;
  /** Of the drain at the end. */
  readonly exitCode: number | null;
  readonly unaccounted: unknown;
  /** Those of the program that speaks that never came to an end, and its utterances. */
  readonly conversations: unknown;
  readonly utterances: number;
}

const flags = [
  ['--resume-grace-ms', '200'],
  ['--max-upgrades-per-address', '1000000'],
  ['--max-upgrades-per-second', '1000000'],
  ['--workers', '1'],
].flat();
const program = new URL('../support/speaking-gateway.ts', import.meta.url).pathname;
const speech = ['--speech', 'greeting', '--clears', '0.5'];
const visitMsMax = 10_000;
const quietMsMax = 20_000;
const together = 64;

/** As many visits of each kind, one after the other, never more than `together` at a time and never faster than asked. */
async function churn(port: number, first: number, count: number, perSecond: number): Promise<void> {
  const startMs = performance.now();
  let next = 0;
  const visitor = async () => {
    while (next < count) {
      const n = next++;
      const dueMs = startMs + (1000 * n) / perSecond;
      if (dueMs > performance.now()) await sleep(dueMs - performance.now());
      const visit = visits[n % visits.length]!;
      if (!(await happens(visit(port, first + n), visitMsMax)))
        throw new Error(`${visit.name} does not come to an end`);
    }
  };
  await Promise.all(Array.from({ length: together }, visitor));
}

function sum(of: ReadonlyMap<string, number>, prefix: string): number {
  let total = 0;
  for (const [name, value] of of) if (name.startsWith(prefix)) total += value;
  return total;
}

const mustBeZero = [
  'streams_active',
  'participants_active',
  'ring_memory_bytes',
  'messages_unaccounted',
  'streams_waiting',
  'playback_streams',
  'playback_memory_bytes',
  'playback_queued_seconds',
  'playback_frames_unaccounted',
] as const;

function leftOver(of: ReadonlyMap<string, number>): Record<string, number> {
  const left: Record<string, number> = {};
  for (const name of mustBeZero) if ((of.get(name) ?? 0) !== 0) left[name] = of.get(name)!;
  const unsettled = sum(of, 'messages_received_total') - sum(of, 'messages_total');
  if (unsettled !== 0) left['messages received and not accounted for'] = unsettled;
  return left;
}

/**
 * Waits until nothing is left, or until it has been long enough; returns the memory in use then, after a full collection of
 * the main thread's heap: the least of a second. Without it V8 lets garbage lie for as long as there is room.
 */
async function quiet(gateway: GatewayProcess, files: number, collector: Collector): Promise<number> {
  const giveUpMs = performance.now() + quietMsMax;
  for (;;) {
    const left = leftOver(await samples(gateway.adminPort));
    await sleep(100);
    const isQuiet = Object.keys(left).length === 0 && openFiles(gateway.pid).length === files;
    if (isQuiet || performance.now() > giveUpMs) break;
  }
  await collector.collect();
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 10; i++) {
    least = Math.min(least, residentBytes(gateway.pid));
    await sleep(100);
  }
  return least;
}

const growthMax = 0.05;
const roundsMax = 3;

export async function runChurn({
  warmUp,
  connections,
  perSecond,
  isSpokenTo = false,
}: ChurnOptions): Promise<ChurnReport> {
  const folder = mkdtempSync(join(tmpdir(), 'acs-audio-gateway-churn-'));
  const inspectorPort = await freePort();
  const env = { NODE_OPTIONS: `--max-semi-space-size=1 --inspect=127.0.0.1:${inspectorPort}` };
  const all = ['--sink', `wav:${folder}`, ...flags, ...(isSpokenTo ? speech : [])];
  const gateway = await GatewayProcess.startWith({ env, ...(isSpokenTo && { program }) }, ...all);
  try {
    const collector = await Collector.attach(inspectorPort);
    await collector.collect();
    // Whatever the first scrape loads is loaded then.
    await samples(gateway.adminPort);
    await sleep(100);
    const filesBefore = openFiles(gateway.pid);
    await churn(gateway.port, 0, warmUp, perSecond);
    let residentAfter = await quiet(gateway, filesBefore.length, collector);
    let residentBefore = residentAfter;
    let done = warmUp;
    let seconds = 0;
    // A worker's heap that comes to its full size by chance does so once; what leaks grows each time.
    for (let round = 0; round < roundsMax; round++) {
      residentBefore = residentAfter;
      const startMs = performance.now();
      await churn(gateway.port, done, connections, perSecond);
      seconds = (performance.now() - startMs) / 1000;
      done += connections;
      residentAfter = await quiet(gateway, filesBefore.length, collector);
      if (residentAfter <= residentBefore * (1 + growthMax)) break;
    }
    const filesAfter = openFiles(gateway.pid);
    const end = await samples(gateway.adminPort);
    const streams = await ask(gateway.adminPort, '/streams');
    await collector.detach();
    const { code, last } = await gateway.drain();
    return {
      connections: done,
      accepted: end.get('upgrades_total{result="accepted"}')!,
      closes: sum(end, 'stream_closes_total'),
      seconds,
      filesBefore,
      filesAfter,
      residentBefore,
      residentAfter,
      left: leftOver(end),
      streams,
      exitCode: code,
      unaccounted: last['unaccounted'],
      conversations: last['conversations'] ?? 0,
      utterances: gateway.log.filter(({ msg }) => msg === 'utterance').length,
    };
  } finally {
    await gateway.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is wrong, a line each. Empty when nothing is. */
export function problems(report: ChurnReport): string[] {
  const lines: string[] = [];
  const { accepted, closes, left, streams, exitCode, unaccounted } = report;
  const kinds = (files: readonly string[]) => files.map((file) => file.replace(/:\[\d+\]$/, '')).join(' ');
  if (kinds(report.filesBefore) !== kinds(report.filesAfter)) {
    lines.push(`open files before: ${kinds(report.filesBefore)}; after: ${kinds(report.filesAfter)}`);
  }
  const growth = report.residentAfter / report.residentBefore - 1;
  if (growth > growthMax) lines.push(`memory grew by ${(100 * growth).toFixed(1)} %`);
  for (const [name, value] of Object.entries(left)) lines.push(`${name}: ${value}`);
  if (streams !== '{"streams":[]}') lines.push(`/streams: ${streams.slice(0, 500)}`);
  if (accepted !== closes) lines.push(`${accepted} upgrades accepted, ${closes} streams closed`);
  if (exitCode !== 0 || unaccounted !== 0) lines.push(`the drain ended with ${exitCode}, ${unaccounted} unaccounted`);
  if (report.conversations !== 0) lines.push(`${report.conversations} conversations wait for ever`);
  return lines;
}
