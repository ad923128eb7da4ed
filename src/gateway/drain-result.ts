/** What a drain comes to. Main thread. */
import type { Account } from '../stream/accounting.ts';

/** The result of a drain. */
export interface DrainResult {
  /** Every message received is in a ring or in a counter, every frame in a ring was read or lapped by every sink, and each sink finished. */
  readonly isExact: boolean;
  /** Of all messages since the start. */
  readonly account: Account;
  /** Streams still open when `drainTimeoutMs` was up; they were closed with 1001. */
  readonly streamsCut: number;
}
