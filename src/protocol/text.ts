/**
 * Texts of messages, from and into bytes. Straight to what `buffer.toString` and `buffer.write` end in: finding their way there
 * takes 3 % of the time of a frame. These methods of Node.js's buffers are not documented, so where one is missing the documented
 * way is taken. Any thread.
 */

interface FastBuffer {
  latin1Slice(start: number, end: number): string;
  base64Write(text: string, at: number, bytes: number): number;
}

const { latin1Slice, base64Write } = Buffer.prototype as Partial<FastBuffer>;
const isFast = latin1Slice !== undefined && base64Write !== undefined;

/** The text of `bytes[start..end)`, a character a byte. */
export function latin1Text(bytes: Buffer, start: number, end: number): string {
  if (!isFast) return bytes.toString('latin1', start, end);
  return (bytes as unknown as FastBuffer).latin1Slice(start, end);
}

/** Writes at most so many bytes of what a base64 text decodes to. Returns how many. Forgiving: see `base64.ts`. */
export function writeBase64(text: string, target: Buffer, at: number, bytes: number): number {
  if (!isFast) return target.write(text, at, bytes, 'base64');
  return (target as unknown as FastBuffer).base64Write(text, at, bytes);
}
