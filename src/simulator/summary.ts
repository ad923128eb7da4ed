/**
 * The report for people, and the line that shows how a run goes. Pure; main thread. Invariant: says what was wrong in the
 * last lines, where it is still on the screen.
 */
import type { Quantiles } from './quantiles.ts';
import type { SimulationReport } from './report.ts';
import type { Progress } from './simulator.ts';

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

function plural(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function progressLine(progress: Progress): string {
  const parts = [
    seconds(progress.elapsedMs),
    plural(progress.callsOpen, 'call'),
    plural(progress.audioFrames, 'frame'),
    `${grouped(progress.framesPerSecond)}/s`,
    `late p99 ${progress.lateP99Ms.toFixed(1)} ms`,
  ];
  if (progress.unsentFrames > 0) parts.push(`unsent ${grouped(progress.unsentFrames)}`);
  if (progress.callsRefused > 0) parts.push(`refused ${grouped(progress.callsRefused)}`);
  if (progress.callsFailed > 0) parts.push(`failed ${grouped(progress.callsFailed)}`);
  if (progress.callsEndedEarly > 0) parts.push(`ended early ${grouped(progress.callsEndedEarly)}`);
  return parts.join('  ');
}

function listed(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts);
  return entries.length === 0 ? 'none' : entries.map(([key, count]) => `${key} (${grouped(count)})`).join(', ');
}

function complaints(report: SimulationReport): string[] {
  const { calls, sent } = report;
  const lines: string[] = [];
  const say = (count: number, noun: string, what: string) => {
    if (count > 0) lines.push(`${plural(count, noun)} ${what}`);
  };
  if (report.interrupted) lines.push('the run was interrupted');
  if (report.saveError !== null) lines.push(`the recordings are not complete: ${report.saveError}`);
  say(calls.refused, 'call', `refused: HTTP ${listed(report.refused)}`);
  say(calls.failed, 'call', `not connected: ${listed(report.failed)}`);
  say(calls.ended_early, 'call', 'ended early by the server');
  say(calls.unflushed, 'call', 'not finished: the server did not take the last frames in time');
  say(calls.unanswered, 'call', 'closed without an answer: whether the last frames arrived is unknown');
  say(sent.unsentFrames, 'frame', 'not sent: the server does not read fast enough');
  return lines;
}

/** Counts that are not zero, as `3 of this, 1 of that`. */
function present(counts: readonly (readonly [number, string])[]): string {
  return counts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${grouped(count)} ${what}`)
    .join(', ');
}

function heardRows({ received, heard }: SimulationReport): (readonly [string, string])[] {
  if (received.messages === 0) return [];
  const { frames, underruns, leadMs, pace, broken, marks } = heard;
  const rows: (readonly [string, string])[] = [
    ['received', `${grouped(received.messages)} messages, ${grouped(frames.received)} frames`],
  ];
  if (heard.audioMessages > 0) {
    const shownPace = pace === null ? 'at once' : `pace ${pace.toFixed(2)}`;
    rows.push(
      ['heard', `${plural(frames.heard, 'frame')} in ${plural(heard.utterances, 'utterance')}, ${shownPace}`],
      ['underruns', `${grouped(underruns.count)}, ${grouped(Math.round(underruns.ms))} ms of silence`],
      ['lead', `p50 ${leadMs.p50.toFixed(0)} ms, p99 ${leadMs.p99.toFixed(0)} ms, max ${leadMs.max.toFixed(0)} ms`],
    );
  }
  const asides = [
    [
      'unheard',
      present([
        [frames.cleared, `cleared by ${heard.stopAudios} StopAudio`],
        [frames.overrun, 'too far ahead'],
        [frames.unplayed, 'cut off by the hang-up'],
        [frames.afterHangUp, 'after the hang-up'],
      ]),
    ],
    [
      'stopped',
      present([
        [heard.stopAudios, 'StopAudio'],
        [frames.soonAfterStop, 'frames within 200 ms after it'],
      ]),
    ],
    [
      'marks',
      present([
        [marks.completed, 'completed'],
        [marks.cancelled, 'cancelled'],
      ]),
    ],
    [
      'broken',
      present([
        [broken.notJson, 'no JSON'],
        [broken.noKind, 'without a kind'],
        [broken.unknownKind, 'of an unknown kind'],
        [broken.badBase64, 'no base64'],
        [broken.oddLength, 'of half samples'],
        [heard.otherRateMessages, 'as long as at another rate'],
      ]),
    ],
  ] as const;
  return [...rows, ...asides.filter(([, text]) => text !== '')];
}

function range({ p50, p95, p99, max }: Quantiles): string {
  return `p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, max ${max.toFixed(0)} ms`;
}

function echoRows({ echo }: SimulationReport): (readonly [string, string])[] {
  if (echo === null) return [];
  const { sent, heard, lost } = echo.bursts;
  const rows: (readonly [string, string])[] = [
    ['echo', `${grouped(heard)} of ${plural(sent, 'burst')} heard, ${grouped(lost)} lost`],
  ];
  if (heard === 0) return rows;
  return [
    ...rows,
    ['to the ear', range(echo.mouthToEarMs)],
    ['  server', range(echo.serverMs)],
    ['  queue', range(echo.queuedMs)],
  ];
}

function bargeInRows({ bargeIns }: SimulationReport): (readonly [string, string])[] {
  if (bargeIns === null) return [];
  const { count, unstopped, tooShort, stopMs, playedMs, framesAfterStop } = bargeIns;
  const shorter = tooShort === 0 ? '' : `; ${plural(tooShort, 'answer')} too short to be interrupted`;
  const rows: (readonly [string, string])[] = [
    ['barge-ins', `${grouped(count)}, ${grouped(unstopped)} without StopAudio within 2 s${shorter}`],
  ];
  if (count > unstopped) rows.push(['stopped in', range(stopMs)]);
  if (count === 0) return rows;
  return [...rows, ['talked on', range(playedMs)], ['after it', `${grouped(framesAfterStop)} frames behind StopAudio`]];
}

export function summarize(report: SimulationReport): string {
  const { calls, sent, expected, lateness, asSent, durations } = report;
  const cpu = durations.cpuMs / Math.max(1, durations.totalMs);
  const rows = [
    ['calls', `${grouped(calls.dialled)} dialled, ${grouped(calls.completed)} ran to their end`],
    ['sent', `${grouped(sent.audioFrames)} frames in ${grouped(sent.messages)} messages, ${grouped(sent.bytes)} bytes`],
    [
      'rate',
      `${grouped(sent.framesPerSecond)} frames/s over ${seconds(durations.totalMs)}, ${cpu.toFixed(2)} of a core`,
    ],
    ['lateness', `p50 ${lateness.p50Ms} ms, p99 ${lateness.p99Ms} ms, max ${lateness.maxMs} ms`],
    ['late', `${grouped(lateness.lateFrames)} frames more than ${lateness.lateAfterMs} ms`],
    ['jitter', `as sent: mean ${asSent.jitterMs.mean.toFixed(1)} ms, worst ${asSent.jitterMs.worst.toFixed(1)} ms`],
    ['unsent', grouped(sent.unsentFrames)],
    ['closed', listed(report.closes)],
    ['refused', listed(report.refused)],
    ...heardRows(report),
    ...echoRows(report),
    ...bargeInRows(report),
    [
      'expected',
      `${grouped(expected.frames)} frames, ${grouped(expected.silentFrames)} silent, ${grouped(expected.missingFrames)} missing in ` +
        `${grouped(expected.gaps)} gaps, ${grouped(expected.duplicateFrames)} duplicate, ${grouped(expected.outOfOrderFrames)} out of order`,
    ],
    ['seed', String(report.settings['seed'])],
  ] as const;
  const nameWidth = Math.max(10, ...rows.map(([name]) => name.length + 1));
  const table = rows.map(([name, value]) => `${name.padEnd(nameWidth)}${value}`);
  const verdict = report.ok ? ['ok'] : ['not ok:', ...complaints(report).map((line) => `  ${line}`)];
  return `${[...table, ...verdict].join('\n')}\n`;
}
