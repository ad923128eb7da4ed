/** Whether a fleet held a number of streams, and what stopped it. Pure. */
import type { Verdict } from '../capacity/search.ts';
import { quantile } from '../load/histogram.ts';
import { othersCoresMax, type Trial } from './trial.ts';

export const residenceMsMax = 20;
/** What may wait in sockets at the end of the window, as a part of what a second brings: five frames of each stream. */
const waitingShareMax = 0.1;
const reachedShare = 0.98;
const busyShare = 0.95;

export function isMachineFull({ busyCores, cores }: Trial): boolean {
  return busyCores > busyShare * cores;
}

export function isDisturbed({ othersCores }: Trial): boolean {
  return othersCores > othersCoresMax;
}

/** Why it did not hold; empty if it did. */
export function failuresOf(trial: Trial): string[] {
  const { dropped, unsent, waiting, frames, seconds, framesPerSecondDue, residence } = trial;
  return [
    ...(dropped > 0 ? ['messages were dropped'] : []),
    ...(unsent > 0 ? ['sockets were full'] : []),
    ...(waiting > framesPerSecondDue * waitingShareMax ? ['frames piled up in sockets'] : []),
    ...(frames / seconds < framesPerSecondDue * reachedShare ? ['the load was not reached'] : []),
    ...(quantile(residence, 0.99) >= residenceMsMax ? ['frames took too long'] : []),
  ];
}

/** Unknown: it did not hold, but then nobody had time left, and it need not have been the gateways who were short of it. */
export function verdictOn(trial: Trial): Verdict {
  if (failuresOf(trial).length === 0) return 'held';
  return isMachineFull(trial) || isDisturbed(trial) ? 'unknown' : 'failed';
}
