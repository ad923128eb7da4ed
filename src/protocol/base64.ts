/**
 * Strict base64 (RFC 4648 section 4: padded, no other characters, no stray bits) straight into shared memory.
 *
 * Node's decoder is fast and forgiving: it skips what it does not know. But whatever it skips makes the result shorter
 * than the text's length promises, so the count tells; what the count does not tell (the URL-safe alphabet, bits behind
 * the end) is looked at separately. It also sees only the low byte of a character, and takes U+0141 for `A`: texts must be
 * Latin-1, as those are that come from bytes; see `isLatin1`.
 */

import { writeBase64 } from './text.ts';

/** Characters whose low two bits are zero: allowed before one `=`. */
const twoBitsClear = 'AEIMQUYcgkosw048';
/** Characters whose low four bits are zero: allowed before two. */
const fourBitsClear = 'AQgw';
const beyondLatin1 = /[\u0100-\uffff]/;

/** Whether a text of unknown origin may be given to `decodeBase64`. */
export function isLatin1(text: string): boolean {
  return !beyondLatin1.test(text);
}

/** Bytes that a well-formed text decodes to, or -1 when its length or padding is impossible. */
export function decodedBytes(text: string): number {
  const { length } = text;
  if (length % 4 !== 0) return -1;
  if (length === 0) return 0;
  if (text.charCodeAt(length - 1) !== 0x3d) return (length / 4) * 3;
  return (length / 4) * 3 - (text.charCodeAt(length - 2) === 0x3d ? 2 : 1);
}

/**
 * Decodes `text`, which must be Latin-1, to `target[at..]`, where `bytes` (of `decodedBytes`) fit.
 * Returns false when the text is not strictly valid; then what lies at the target is undefined.
 */
export function decodeBase64(text: string, bytes: number, target: Buffer, at: number): boolean {
  if (writeBase64(text, target, at, bytes) !== bytes) return false;
  const padding = (text.length / 4) * 3 - bytes;
  if (padding === 1 && !twoBitsClear.includes(text[text.length - 2]!)) return false;
  if (padding === 2 && !fourBitsClear.includes(text[text.length - 3]!)) return false;
  return !text.includes('-') && !text.includes('_');
}
