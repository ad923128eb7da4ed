/**
 * What a server said into calls and what became of it: the counters of a call and of a run, and the report of them. Pure; any
 * thread. Invariant: received = heard + cleared + overrun + unplayed + after the hang-up, in the report of a call that has ended.
 */
import { frameBytes, frameDurationMs } from '../base/limits.ts';
import type { StepHistogram } from './lateness.ts';
import { type BrokenReason, brokenReasons } from './outbound.ts';

/** Audio so soon after a StopAudio is likely to be the rest of what was stopped. */
export const soonAfterStopMs = 200;

export interface HeardCounts extends Record<BrokenReason, number> {
  messages: number;
  audioMessages: number;
  stops: number;
  receivedBytes: number;
  heardBytes: number;
  clearedBytes: number;
  overrunBytes: number;
  unplayedBytes: number;
  afterHangUpBytes: number;
  /** Of the received ones. */
  soonAfterStopBytes: number;
  /** Messages as long as frames of another rate are, and not those of the call's. */
  otherRateMessages: number;
  utterances: number;
  underruns: number;
  underrunMs: number;
  /** All messages of an utterance but its first: their audio, and the time in which they came. */
  pacedBytes: number;
  pacedMs: number;
  marksCompleted: number;
  marksCancelled: number;
}

export function zeroHeard(): HeardCounts {
  return {
    messages: 0,
    audioMessages: 0,
    stops: 0,
    receivedBytes: 0,
    heardBytes: 0,
    clearedBytes: 0,
    overrunBytes: 0,
    unplayedBytes: 0,
    afterHangUpBytes: 0,
    soonAfterStopBytes: 0,
    otherRateMessages: 0,
    utterances: 0,
    underruns: 0,
    underrunMs: 0,
    pacedBytes: 0,
    pacedMs: 0,
    marksCompleted: 0,
    marksCancelled: 0,
    notJson: 0,
    noKind: 0,
    unknownKind: 0,
    badBase64: 0,
    oddLength: 0,
  };
}

export function addHeard(sum: HeardCounts, counts: HeardCounts): void {
  for (const name of Object.keys(sum) as (keyof HeardCounts)[]) sum[name] += counts[name];
}

/** In frames of 20 ms at the call's rate; a fraction where a message was not whole frames. */
export interface HeardFrames {
  readonly received: number;
  readonly heard: number;
  /** In the queue at a StopAudio. */
  readonly cleared: number;
  /** Not taken into the queue: it was full. */
  readonly overrun: number;
  /** In the queue when the call ended. */
  readonly unplayed: number;
  readonly afterHangUp: number;
  /** Of the received ones, those that came within 200 ms after a StopAudio. */
  readonly soonAfterStop: number;
}

export interface HeardSummary {
  readonly messages: number;
  readonly audioMessages: number;
  readonly stopAudios: number;
  readonly frames: HeardFrames;
  readonly utterances: number;
  /** Silence within an utterance. */
  readonly underruns: { readonly count: number; readonly ms: number };
  /** Audio received for each ms of utterances, or null when all came at once. */
  readonly pace: number | null;
  readonly broken: Readonly<Record<BrokenReason, number>>;
  readonly otherRateMessages: number;
  readonly marks: { readonly completed: number; readonly cancelled: number };
}

export interface HeardReport extends HeardSummary {
  /** How much was in the queue after each audio message. */
  readonly leadMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

export function summarizeHeard(counts: HeardCounts, sampleRate: number): HeardSummary {
  const bytesPerFrame = frameBytes(sampleRate);
  const frames = (bytes: number) => rounded(bytes / bytesPerFrame);
  const pacedAudioMs = (counts.pacedBytes / bytesPerFrame) * frameDurationMs;
  return {
    messages: counts.messages,
    audioMessages: counts.audioMessages,
    stopAudios: counts.stops,
    frames: {
      received: frames(counts.receivedBytes),
      heard: frames(counts.heardBytes),
      cleared: frames(counts.clearedBytes),
      overrun: frames(counts.overrunBytes),
      unplayed: frames(counts.unplayedBytes),
      afterHangUp: frames(counts.afterHangUpBytes),
      soonAfterStop: frames(counts.soonAfterStopBytes),
    },
    utterances: counts.utterances,
    underruns: { count: counts.underruns, ms: rounded(counts.underrunMs) },
    pace: counts.pacedMs < 1 ? null : rounded(pacedAudioMs / counts.pacedMs),
    broken: Object.fromEntries(brokenReasons.map((reason) => [reason, counts[reason]])) as Record<BrokenReason, number>,
    otherRateMessages: counts.otherRateMessages,
    marks: { completed: counts.marksCompleted, cancelled: counts.marksCancelled },
  };
}

export function reportHeard(counts: HeardCounts, sampleRate: number, depth: StepHistogram): HeardReport {
  return {
    ...summarizeHeard(counts, sampleRate),
    leadMs: { p50: rounded(depth.quantile(0.5)), p99: rounded(depth.quantile(0.99)), max: rounded(depth.maxMs) },
  };
}
