/**
 * What a replay did: the interface of `simulate --replay --report json` (docs/capture.md), and the same for people. Fields
 * that a simulation's report has, too, mean the same there. Pure; main thread. Invariant: plain JSON, no credential in it.
 */
import { gapsOf } from '../capture/contents.ts';
import { shownUrl } from './address.ts';
import { type LatenessSummary, lateAfterMs } from './lateness.ts';
import type { ReplayOptions } from './replay-options.ts';
import type { ReplayTally } from './replay-socket.ts';
import type { FileContents } from './replay-source.ts';
import { byKey } from './report.ts';
import type { CallOutcome } from './tally.ts';

export interface ReplayReport {
  readonly reportVersion: 1;
  /** Everything that the captures hold was sent, and every socket ended as it did there. */
  readonly ok: boolean;
  readonly interrupted: boolean;
  readonly unreachable: string | null;
  readonly settings: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** Sockets. */
  readonly calls: { readonly dialled: number; readonly opened: number } & Readonly<Record<CallOutcome, number>>;
  readonly sent: {
    readonly messages: number;
    readonly bytes: number;
    readonly binaryMessages: number;
    readonly unsentMessages: number;
    readonly messagesPerSecond: number;
  };
  readonly received: { readonly messages: number; readonly bytes: number };
  /** Null at `--speed max`, at which nothing is late. */
  readonly lateness: (LatenessSummary & { readonly lateAfterMs: number }) | null;
  readonly closes: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  readonly durations: { readonly totalMs: number; readonly cpuMs: number };
  readonly replay: {
    /** As far as they were played. */
    readonly files: readonly FileContents[];
    /** Messages of sockets whose beginning is not in the file. */
    readonly orphanMessages: number;
    /** Sockets that the server closed otherwise than in the capture. */
    readonly closedDifferently: number;
  };
}

export interface ReplayFacts {
  readonly options: ReplayOptions;
  readonly counts: ReplayTally;
  readonly contents: readonly FileContents[];
  readonly orphans: number;
  readonly interrupted: boolean;
  readonly unreachable: string | null;
  readonly totalMs: number;
  readonly cpuMs: number;
}

export function reportReplay(facts: ReplayFacts): ReplayReport {
  const { options, counts, interrupted, unreachable, totalMs, cpuMs } = facts;
  const { tally, messages, binaryMessages, unsentMessages, closedDifferently } = counts;
  const isComplete = tally.outcomes.completed === tally.dialled && unsentMessages === 0;
  return {
    reportVersion: 1,
    ok: isComplete && !interrupted && unreachable === null,
    interrupted,
    unreachable,
    settings: {
      url: shownUrl(options.url),
      replay: options.files,
      speed: Number.isFinite(options.speed) ? options.speed : 'max',
      headers: Object.keys(options.headers),
      insecure: options.insecure,
    },
    calls: { dialled: tally.dialled, opened: tally.opened, ...tally.outcomes },
    sent: {
      messages,
      bytes: tally.bytes,
      binaryMessages,
      unsentMessages,
      messagesPerSecond: Math.round((messages * 1000) / Math.max(1, totalMs)),
    },
    received: { messages: tally.receivedMessages, bytes: tally.receivedBytes },
    lateness: counts.isPaced ? { ...tally.lateness.summary(), lateAfterMs } : null,
    closes: byKey(tally.closes),
    refused: byKey(tally.refused),
    failed: byKey(tally.failed),
    durations: { totalMs: Math.round(totalMs), cpuMs: Math.round(cpuMs) },
    replay: { files: facts.contents, orphanMessages: facts.orphans, closedDifferently },
  };
}

function listed(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts);
  return entries.length === 0 ? 'none' : entries.map(([key, count]) => `${key} (${count})`).join(', ');
}

/** For people: what was wrong in the last lines. */
export function summarizeReplay(report: ReplayReport): string {
  const { calls, sent, lateness, replay } = report;
  const rows = [
    ['sockets', `${calls.completed} of ${calls.dialled} as in the capture`],
    ['sent', `${sent.messages} messages, ${sent.bytes} bytes in ${(report.durations.totalMs / 1000).toFixed(1)} s`],
    ...(lateness === null
      ? []
      : [
          [
            'late',
            `p99 ${lateness.p99Ms} ms, at most ${lateness.maxMs} ms; ${lateness.lateFrames} messages over ${lateAfterMs} ms`,
          ],
        ]),
    ['closed', listed(report.closes)],
    ['refused', listed(report.refused)],
    ['received', `${report.received.messages} messages, ${report.received.bytes} bytes`],
  ];
  const wrong = Object.entries(calls).filter(
    ([name, count]) => count > 0 && !['dialled', 'opened', 'completed'].includes(name),
  );
  const notes = [
    ...replay.files.flatMap((file) => gapsOf(file).map((gap) => `${file.file}: ${gap}`)),
    ...(replay.orphanMessages > 0 ? [`${replay.orphanMessages} messages of sockets that begin in no file`] : []),
    ...(replay.closedDifferently > 0
      ? [`${replay.closedDifferently} sockets were closed otherwise than in the capture`]
      : []),
  ];
  const problems = [
    ...wrong.map(([name, count]) => `${count} ${name}`),
    ...(sent.unsentMessages > 0 ? [`${sent.unsentMessages} messages not sent`] : []),
  ];
  const verdict = report.ok ? ['ok'] : ['not ok:', ...problems.map((problem) => `  ${problem}`)];
  const table = rows.map(([name, value]) => `${name!.padEnd(10)}${value}`);
  return `${[...table, ...notes.map((note) => `note: ${note}`), ...verdict].join('\n')}\n`;
}
