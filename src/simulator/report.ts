/**
 * What a run was and did: the interface of `--report json` (docs/simulate.md), and the same for people. Pure; main thread.
 * Invariants: plain JSON; no credential in it; `ok` is true only if every call ran to its end with nothing left out.
 */
import { frameBytes } from '../base/limits.ts';
import { shownUrl } from './address.ts';
import type { Call } from './call.ts';
import { type EchoReport, reportEcho } from './echo-test.ts';
import type { FrameCounts } from './expectation.ts';
import { type HeardReport, type HeardSummary, reportHeard, summarizeHeard } from './heard-counts.ts';
import type { Hearing } from './hearing.ts';
import { type InterruptionReport, reportInterruptions } from './interrupter.ts';
import { type LatenessSummary, lateAfterMs } from './lateness.ts';
import type { RunOptions } from './options.ts';
import type { PacingReport } from './pacing.ts';
import type { CallOutcome, Tally } from './tally.ts';

/** Calls that are reported one by one. */
export const perCallMax = 2000;

export interface ParticipantReport extends FrameCounts {
  /** Null: the mixed stream. */
  readonly id: string | null;
}

/** How regularly a participant's frames really left. */
export interface ParticipantPacing {
  /** Null: the mixed stream. */
  readonly id: string | null;
  /** Jitter of RFC 3550 over the times at which frames were handed to the socket: its mean after each frame, in ms. */
  readonly jitterMeanMs: number;
  /** Its highest value, in ms. */
  readonly jitterWorstMs: number;
}

export interface CallReport {
  /** Its number in the run, from 0. */
  readonly call: number;
  /** As in the header `x-ms-call-connection-id`. */
  readonly callConnectionId: string;
  /** As in the header `x-ms-call-correlation-id`. */
  readonly correlationId: string;
  /** As in the metadata. */
  readonly subscriptionId: string;
  readonly outcome: CallOutcome;
  /** That the server sent: 1005 without a code, 1006 for a broken connection; null: there was no connection to close. */
  readonly closeCode: number | null;
  /** Frames of 20 ms that were not sent, because the server does not read. */
  readonly unsentFrames: number;
  /** What a receiver must have counted. */
  readonly participants: readonly ParticipantReport[];
  /** The same participants, in the same order. */
  readonly asSent: readonly ParticipantPacing[];
  /** What the server said into the call; null: nothing. `folder` holds its recordings. */
  readonly heard: (HeardSummary & { readonly folder: string | null }) | null;
}

/** Messages by what a receiver must count them as. */
export interface ExpectedMessages {
  /** All: the sum of the others. */
  readonly received: number;
  /** Audio. */
  readonly committed: number;
  /** Metadata. */
  readonly control: number;
  /** Of kinds that are not known. */
  readonly ignored: number;
  /** Broken ones, by what is wrong. */
  readonly dropped: { readonly malformed_json: number; readonly malformed_audio: number };
}

export interface SimulationReport {
  /** Raised when a field changes its meaning. */
  readonly reportVersion: 1;
  /** Every call ran to its end, and everything was sent. */
  readonly ok: boolean;
  /** Stopped from outside. */
  readonly interrupted: boolean;
  /** Why the server could not be reached at all, or null. */
  readonly unreachable: string | null;
  /** Why the recordings of `save` are not complete, or null. */
  readonly saveError: string | null;
  /** What was run, without secrets. */
  readonly settings: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
  /** Calls dialled and opened, connections that were dialled again, and calls by outcome: these add up to `dialled`. */
  readonly calls: { readonly dialled: number; readonly opened: number; readonly reconnections: number } & Readonly<
    Record<CallOutcome, number>
  >;
  readonly sent: {
    readonly messages: number;
    /** Of messages, without the frames of WebSockets. */
    readonly bytes: number;
    /** Audio messages of 20 ms. */
    readonly audioFrames: number;
    readonly malformedMessages: number;
    /** Frames not sent, because the server does not read. */
    readonly unsentFrames: number;
    readonly framesPerSecond: number;
  };
  /** What the server sent to us. */
  readonly received: { readonly messages: number; readonly bytes: number };
  /** What ACS would have made of that. */
  readonly heard: HeardReport;
  /** Of an echo test, else null. */
  readonly echo: EchoReport | null;
  /** Of callers who interrupt, else null. */
  readonly bargeIns: InterruptionReport | null;
  /** What a correct server has counted, of all calls. */
  readonly expected: FrameCounts & { readonly messages: ExpectedMessages };
  /** Of sending, beyond the time at which each frame was due, in ms. */
  readonly lateness: LatenessSummary & { readonly lateAfterMs: number };
  /** How regularly frames really left. */
  readonly asSent: PacingReport;
  /** Calls by close code. */
  readonly closes: Readonly<Record<string, number>>;
  /** Calls by HTTP status. */
  readonly refused: Readonly<Record<string, number>>;
  /** Calls without a connection, by reason. */
  readonly failed: Readonly<Record<string, number>>;
  /** Of the run, and the CPU time of this process, in ms. */
  readonly durations: { readonly totalMs: number; readonly cpuMs: number };
  /** Those numbered below 2,000. */
  readonly perCall: readonly CallReport[];
  /** Calls beyond those in `perCall`. */
  readonly perCallOmitted: number;
}

export function reportCall(call: Call, sampleRate: number): CallReport {
  const { callConnectionId, correlationId, subscriptionId } = call.identity;
  return {
    call: call.number,
    callConnectionId,
    correlationId,
    subscriptionId,
    outcome: call.outcome ?? 'interrupted',
    closeCode: call.closeCode,
    unsentFrames: call.unsentFrames,
    participants: call.tracks.map((track) => ({ id: track.id, ...track.sent.counts })),
    asSent: call.tracks.map(({ id, pacing: { jitterMeanMs, jitterWorstMs } }) => ({ id, jitterMeanMs, jitterWorstMs })),
    heard: call.heard && { ...summarizeHeard(call.heard.counts, sampleRate), folder: call.heard.folder },
  };
}

function audioName({ synthetic, echoTest }: RunOptions): string {
  if (echoTest) return 'bursts';
  return synthetic ? 'synthetic' : 'file';
}

function reportSettings(options: RunOptions): SimulationReport['settings'] {
  const { calls, participants, sampleRate, frameCount, seed, churn, rampMs, save, insecure } = options;
  const { saveHeard, marks, bargeInMs, echoTest, reconnectEveryMs } = options;
  const { silence, loss, duplicate, reorder, malformed, jitterMs } = options;
  const { stampJitterMs, stampGridMs, stampDriftPpm, stallMs, stallEveryMs } = options;
  return {
    url: shownUrl(options.url),
    calls,
    participants,
    sampleRate,
    frameCount,
    seed,
    audio: audioName(options),
    silence,
    loss,
    duplicate,
    reorder,
    malformed,
    jitterMs,
    stampJitterMs,
    stampGridMs,
    stampDriftPpm,
    stallMs,
    stallEveryMs,
    churn,
    rampMs,
    headers: Object.keys(options.headers),
    insecure,
    save,
    saveHeard,
    marks,
    bargeInMs,
    echoTest,
    reconnectEveryMs,
  };
}

export interface RunFacts {
  readonly options: RunOptions;
  readonly tally: Tally;
  readonly hearing: Hearing;
  readonly calls: readonly CallReport[];
  readonly interrupted: boolean;
  readonly unreachable: string | null;
  readonly saveError: string | null;
  readonly totalMs: number;
  readonly cpuMs: number;
}

/** Counts as an object of JSON. */
export function byKey(counts: ReadonlyMap<string | number, number>): Record<string, number> {
  return Object.fromEntries([...counts].map(([key, count]) => [String(key), count]));
}

export function buildReport(facts: RunFacts): SimulationReport {
  const { options, tally, hearing, interrupted, unreachable, saveError, totalMs, cpuMs } = facts;
  const { malformed_json, malformed_audio, ignored } = tally.malformed;
  const complete = tally.outcomes.completed === tally.dialled && tally.unsentFrames === 0;
  return {
    reportVersion: 1,
    ok: complete && !interrupted && unreachable === null && saveError === null,
    interrupted,
    unreachable,
    saveError,
    settings: reportSettings(options),
    calls: { dialled: tally.dialled, opened: tally.opened, reconnections: tally.reconnections, ...tally.outcomes },
    sent: {
      messages: tally.messages,
      bytes: tally.bytes,
      audioFrames: tally.audioFrames,
      malformedMessages: malformed_json + malformed_audio + ignored,
      unsentFrames: tally.unsentFrames,
      framesPerSecond: Math.round((tally.audioFrames * 1000) / Math.max(1, totalMs)),
    },
    received: { messages: tally.receivedMessages, bytes: tally.receivedBytes },
    heard: reportHeard(hearing.counts, options.sampleRate, hearing.depth),
    echo: hearing.echo && reportEcho(hearing.echo),
    bargeIns: hearing.interruptions && reportInterruptions(hearing.interruptions, frameBytes(options.sampleRate)),
    expected: {
      ...tally.expected,
      messages: {
        received: tally.messages,
        committed: tally.expected.frames,
        control: tally.controlMessages,
        ignored: ignored + tally.markAnswers,
        dropped: { malformed_json, malformed_audio },
      },
    },
    lateness: { ...tally.lateness.summary(), lateAfterMs },
    asSent: tally.pacing.report(),
    closes: byKey(tally.closes),
    refused: byKey(tally.refused),
    failed: byKey(tally.failed),
    durations: { totalMs: Math.round(totalMs), cpuMs: Math.round(cpuMs) },
    perCall: [...facts.calls].sort((a, b) => a.call - b.call),
    perCallOmitted: tally.dialled - facts.calls.length,
  };
}
