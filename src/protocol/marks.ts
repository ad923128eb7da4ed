/**
 * Whether a long message is made of many values: no message of ACS is, and what it costs to parse grows with their number, not
 * with its length. Pure.
 */
import { longMessageMarksMax, plainMessageBytesMax } from '../base/limits.ts';

/** The bytes that begin a value or a key, or follow one. */
const isMark = new Uint8Array(256);
for (const mark of Buffer.from('"[{,')) isMark[mark] = 1;

export function isStuffed(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= plainMessageBytesMax) return false;
  let marks = 0;
  for (let at = start; at < end; at++) {
    marks += isMark[bytes[at]!]!;
    if (marks > longMessageMarksMax) return true;
  }
  return false;
}
