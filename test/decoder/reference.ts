/**
 * Slow and obvious versions of what the decoder does fast, written from the standards and not from the decoder: RFC 4648
 * base64, ISO 8601 timestamps, RFC 3550 jitter.
 */

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** By character code: -1 for what is not in the alphabet. */
const values = Array.from({ length: 128 }, (_, code) => alphabet.indexOf(String.fromCharCode(code)));

/** RFC 4648 section 4, strictly: what an encoder could have written, or null. */
export function referenceBase64(text: string): Buffer | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.alloc(Math.floor(((text.length - padding) * 6) / 8));
  let count = 0;
  let pending = 0;
  let pendingBits = 0;
  for (let i = 0; i < text.length - padding; i++) {
    const value = values[text.charCodeAt(i)] ?? -1;
    if (value < 0) return null;
    pending = pending * 64 + value;
    pendingBits += 6;
    if (pendingBits < 8) continue;
    pendingBits -= 8;
    bytes[count++] = pending >> pendingBits;
    pending &= (1 << pendingBits) - 1;
  }
  return pending === 0 ? bytes : null;
}

/** The encoder that belongs to it. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

const isoPattern = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d:\d\d)(?:\.(\d{1,7})\d*)?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since the epoch with their fraction, or NaN. The calendar is the language's own. */
export function referenceTimestamp(text: unknown): number {
  const match = typeof text === 'string' ? isoPattern.exec(text) : null;
  if (match === null || match[0].length > 64) return Number.NaN;
  const [, date, hour, minuteSecond, fraction = '', offset] = match as unknown as [
    string,
    string,
    string,
    string,
    string | undefined,
    string,
  ];
  // Date.parse takes 24:00:00 for the next midnight and 30 February for 1 March; the gateway does not.
  if (hour === '24' || new Date(`${date}T00:00:00Z`).toJSON()?.slice(0, 10) !== date) return Number.NaN;
  const whole = Date.parse(`${date}T${hour}:${minuteSecond}${offset}`);
  return whole + Number(`0.${fraction}0`) * 1000;
}

/** RFC 3550 section 6.4.1 over whole sequences: J after each packet, from arrivals R and timestamps S in ms. */
export function referenceJitter(R: readonly number[], S: readonly number[]): number[] {
  const D = (i: number, j: number): number => R[j]! - R[i]! - (S[j]! - S[i]!);
  const J = [0];
  for (let i = 1; i < R.length; i++) J.push(J[i - 1]! + (Math.abs(D(i - 1, i)) - J[i - 1]!) / 16);
  return J;
}
