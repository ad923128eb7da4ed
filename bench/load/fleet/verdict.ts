/** Whether a fleet kept up with its load, and whether the machine let it. Pure. */
import { quantile } from '../histogram.ts';
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

/** Why it did not keep up; empty if it did. */
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
