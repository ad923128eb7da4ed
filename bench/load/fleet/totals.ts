/** Counts of several gateways, as if they were one. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerCounts } from '../server.ts';
import type { Member } from './member.ts';

const settleDeadlineMs = 30_000;
/** Gateways that have counted nothing new for so long have counted everything. */
const settledAfterMs = 2000;
const pollMs = 100;

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function dealtWith(counts: readonly ServerCounts[]): number {
  return total(counts.map(({ frames, dropped }) => frames + dropped));
}

/** Waits until all that was sent is counted, or nothing more comes. */
export async function settle(members: readonly Member[], framesSent: number): Promise<ServerCounts> {
  const read = (): Promise<ServerCounts[]> => Promise.all(members.map((member) => member.counts()));
  const deadlineMs = performance.now() + settleDeadlineMs;
  let counts = await read();
  let changedMs = performance.now();
  while (dealtWith(counts) < framesSent && performance.now() < Math.min(deadlineMs, changedMs + settledAfterMs)) {
    await sleep(pollMs);
    const next = await read();
    if (dealtWith(next) !== dealtWith(counts)) changedMs = performance.now();
    counts = next;
  }
  // Once more: what is read while frames still come in need not agree with itself.
  return together(await read());
}

/** What all of them have together, so that it can be compared with what all generators have sent. */
export function together(all: readonly ServerCounts[]): ServerCounts {
  const accounts = all.map(({ account }) => account!);
  const sum = (value: (one: ServerCounts) => number): number => total(all.map(value));
  const residence = {
    bounds: all[0]!.residence.bounds,
    counts: all[0]!.residence.counts.map((_, i) => sum((one) => one.residence.counts[i]!)),
  };
  return {
    frames: sum(({ frames }) => frames),
    pcmBytes: sum(({ pcmBytes }) => pcmBytes ?? 0),
    dropped: sum(({ dropped }) => dropped),
    residence,
    digest: null,
    account: {
      droppedBy: Object.assign({}, ...accounts.map(({ droppedBy }) => droppedBy)),
      messagesReceived: total(accounts.map((account) => account.messagesReceived)),
      messagesAccounted: total(accounts.map((account) => account.messagesAccounted)),
      framesMissing: total(accounts.map((account) => account.framesMissing)),
      framesDuplicate: total(accounts.map((account) => account.framesDuplicate)),
      framesOutOfOrder: total(accounts.map((account) => account.framesOutOfOrder)),
    },
  };
}
