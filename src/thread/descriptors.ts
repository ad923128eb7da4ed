/**
 * File descriptors of the process: how many it has, and how many it may have. Asked often, so only in ways that cost
 * microseconds. Any thread.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';

const own = '/proc/self';

/** Linux tells the number of entries as the folder's size since 6.2; before, they are counted. */
export function openDescriptors(): number {
  return statSync(`${own}/fd`).size || readdirSync(`${own}/fd`).length;
}

/** Null where it is unknown, or there is no limit. */
export function descriptorsMax(): number | null {
  try {
    const text = /^Max open files +(\d+)/m.exec(readFileSync(`${own}/limits`, 'latin1'))?.[1];
    return text === undefined ? null : Number(text);
  } catch {
    return null;
  }
}
