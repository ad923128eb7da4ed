/** What the drains of several processes come to. Pure. */
import type { DrainResult } from '../gateway/drain-result.ts';
import { type DropReason, dropReasons } from '../memory/outcomes.ts';

const noDrops = Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<DropReason, number>;

export const noResult: DrainResult = {
  isExact: true,
  streamsCut: 0,
  account: {
    received: 0,
    committed: 0,
    control: 0,
    ignored: 0,
    dropped: 0,
    droppedByReason: noDrops,
    unaccounted: 0,
  },
};

export function sumOf(one: DrainResult, other: DrainResult): DrainResult {
  const [a, b] = [one.account, other.account];
  const dropped = dropReasons.map((reason) => [reason, a.droppedByReason[reason] + b.droppedByReason[reason]]);
  return {
    isExact: one.isExact && other.isExact,
    streamsCut: one.streamsCut + other.streamsCut,
    account: {
      received: a.received + b.received,
      committed: a.committed + b.committed,
      control: a.control + b.control,
      ignored: a.ignored + b.ignored,
      dropped: a.dropped + b.dropped,
      droppedByReason: Object.fromEntries(dropped) as Record<DropReason, number>,
      unaccounted: a.unaccounted + b.unaccounted,
    },
  };
}
