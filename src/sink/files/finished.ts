/**
 * Whether a call's folder is being written to, by whichever process: who records a call touches its files at least once a minute,
 * also during silence. Any thread.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './files.ts';

/** How often a recorder shows that it is at work. */
export const touchIntervalMs = 60_000;
/** Untouched for so long, no gateway records here. */
export const untouchedMs = 5 * touchIntervalMs;

/** When anything in a folder was written last; 0 if it is gone. */
export function lastWrittenMs(folder: string): number {
  try {
    let lastMs = 0;
    for (const name of readdirSync(folder)) lastMs = Math.max(lastMs, modifiedMs(join(folder, name)));
    return lastMs;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return 0;
    throw error;
  }
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

export function isBeingWritten(folder: string, nowMs: number): boolean {
  return nowMs - lastWrittenMs(folder) < untouchedMs;
}
