/**
 * The counters of a run. Plain numbers, written by the calls and read by progress and report. Main thread. Invariants: sums
 * over the calls, never derived from what the server did; every call that was dialled ends in exactly one outcome.
 */
import { type FrameCounts, zeroCounts } from './expectation.ts';
import { Lateness } from './lateness.ts';
import type { MalformedOutcome } from './malformed.ts';
import { RunPacing } from './pacing.ts';

/**
 * completed: ran to its end, and the server answered our close. ended_early: the server ended it. unflushed: the server did
 * not take everything in time. unanswered: everything was sent, but the close was never answered.
 */
export type CallOutcome =
  | 'completed'
  | 'ended_early'
  | 'unflushed'
  | 'unanswered'
  | 'refused'
  | 'failed'
  | 'interrupted';

export class Tally {
  readonly outcomes: Record<CallOutcome, number> = {
    completed: 0,
    ended_early: 0,
    unflushed: 0,
    unanswered: 0,
    refused: 0,
    failed: 0,
    interrupted: 0,
  };
  /** Calls by close code, refusals by HTTP status, failures by reason. */
  readonly closes = new Map<number, number>();
  readonly refused = new Map<number, number>();
  readonly failed = new Map<string, number>();
  readonly lateness = new Lateness();
  readonly pacing = new RunPacing();

  dialled = 0;
  opened = 0;
  /** Open now. */
  talking = 0;
  bytes = 0;
  audioFrames = 0;
  controlMessages = 0;
  readonly malformed: Record<MalformedOutcome, number> = { malformed_json: 0, malformed_audio: 0, ignored: 0 };
  /** Frames not sent, because the server does not read. */
  unsentFrames = 0;
  /** What the server sent to us. */
  receivedMessages = 0;
  receivedBytes = 0;
  /** Answers to marks; a receiver that does not know them ignores them. */
  markAnswers = 0;
  /** Connections that broke off and were dialled again. */
  reconnections = 0;
  /** What a receiver must have counted, of the calls that have ended. */
  readonly expected: FrameCounts = zeroCounts();

  get messages(): number {
    const { malformed_json, malformed_audio, ignored } = this.malformed;
    return this.audioFrames + this.controlMessages + malformed_json + malformed_audio + ignored + this.markAnswers;
  }
}

export function countBy<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
