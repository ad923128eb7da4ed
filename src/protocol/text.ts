/**
 * Texts of messages, from and into bytes. Straight to what `buffer.toString` and `buffer.write` end in: finding their way there
 * takes 3 % of the time of a frame. These methods of Node.js's buffers are not documented, so where one is missing the documented
 * way is taken. Any thread.
 */

type Slice = (this: Buffer, start: number, end: number) => string;
type Write = (this: Buffer, text: string, at: number, bytes: number) => number;

const { latin1Slice, base64Write } = Buffer.prototype as { latin1Slice?: Slice; base64Write?: Write };

/** The text of `bytes[start..end)`, a character a byte. */
export function latin1Text(bytes: Buffer, start: number, end: number): string {
  return latin1Slice === undefined ? bytes.toString('latin1', start, end) : latin1Slice.call(bytes, start, end);
}

/** Writes at most so many bytes of what a base64 text decodes to. Returns how many. Forgiving: see `base64.ts`. */
export function writeBase64(text: string, target: Buffer, at: number, bytes: number): number {
  if (base64Write === undefined) return target.write(text, at, bytes, 'base64');
  return base64Write.call(target, text, at, bytes);
}
