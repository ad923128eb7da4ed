/** What a parent and its processes say to each other, one union a direction. Plain data. */
import type { ErrorCode } from '../base/errors.ts';
import type { Config } from '../config/serve-settings.ts';
import type { DrainResult } from '../gateway/drain-result.ts';
import type { Snapshot } from '../metrics/aggregate.ts';
import type { Readiness } from '../socket/upgrade.ts';
import type { StreamPlace } from '../stream/stream.ts';

/** What is asked of a process, with what is answered. */
export interface Answers {
  readonly metrics: Snapshot;
  readonly readiness: Readiness;
  /** JSON; null: there is no such stream. */
  readonly stream: string | null;
  /** JSON; several pieces, then null. */
  readonly streams: string | null;
}

export type Question = keyof Answers;

export type ToProcess =
  /** The first message. */
  | { readonly type: 'start'; readonly process: number; readonly config: Config }
  /** With `closesPort` others take those who come. */
  | { readonly type: 'drain'; readonly closesPort: boolean }
  | { readonly type: 'ask'; readonly id: number; readonly question: Question; readonly of: string }
  /** Another process has a stream of this subscription: `by`. */
  | { readonly type: 'claimed'; readonly key: string; readonly by: StreamPlace }
  /** A stream of this process is the rest of what `place` began. */
  | { readonly type: 'continues'; readonly id: string; readonly place: StreamPlace }
  /** Its call has a stream in another process, and shall have no other one. */
  | { readonly type: 'refused'; readonly id: string };

export type FromProcess =
  /** It hears: ask it to start. */
  | { readonly type: 'up' }
  | { readonly type: 'listening'; readonly port: number }
  /** It cannot start, or not continue, and ends. */
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
  /** Its event loop turns. */
  | { readonly type: 'beat' }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answers[Question] }
  | { readonly type: 'subscribed'; readonly key: string; readonly id: string }
  /** `mayComeBack`: we ended it, and the call may dial again. */
  | { readonly type: 'unsubscribed'; readonly key: string; readonly id: string; readonly mayComeBack: boolean }
  /** The answer to `claimed`: the stream there was, if any, has ended, or continues. */
  | { readonly type: 'yielded' | 'kept'; readonly key: string; readonly by: StreamPlace }
  /** All is written; the metrics are the last ones. */
  | { readonly type: 'drained'; readonly result: DrainResult; readonly metrics: Snapshot };
