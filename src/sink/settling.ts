/** The end of a sink's round. Sink thread. */
import { withTimeout } from '../base/deadline.ts';
import type { Sink } from './sink.ts';

/** Longer than any sink of ours takes to find out that its server is away. */
const roundMsMax = 30_000;

/** Rejects when a round takes so long that its sink can only have forgotten it. */
export async function settledInTime(settling: Promise<void>): Promise<void> {
  const round = Promise.resolve(settling);
  // It may still come, and no caller waits for it then.
  round.catch(() => {});
  if (!(await withTimeout(roundMsMax, round))) throw new Error(`nothing was settled within ${roundMsMax} ms`);
}

/** The end of a round, as far as the sink is asked for it; what it throws is a round that failed. */
export function settlingOf(sink: Sink): Promise<void> | null {
  try {
    return sink.settle?.() ?? null;
  } catch (error) {
    return Promise.reject(error);
  }
}
