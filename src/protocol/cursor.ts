/**
 * Walks over the bytes of a JSON text: the tokens that a message of ACS is made of, and nothing more. Every step says whether
 * it found what it looked for, and leaves `at` behind it. Worker thread.
 */
export const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/** What a message has beside its data is shorter: ACS's have some 200 bytes, with the longest id 400. */
const envelopeBytesMax = 512;

/** The bytes of a literal, to compare with. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
export const trueLiteral = ascii('true');
export const falseLiteral = ascii('false');
export const nullLiteral = ascii('null');

export class Cursor {
  protected bytes: Buffer = Buffer.alloc(0);
  protected at = 0;
  protected end = 0;
  /** Texts and spaces are followed up to here: whatever a message is made of, to look at it costs little. */
  protected near = 0;
  /** Start of the text that `text()` found last; it ends before `at - 1`. */
  protected textStart = 0;

  protected begin(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.near = Math.min(end, start + envelopeBytesMax);
  }

  /** A string of printable ASCII without escapes; leaves `at` behind its closing quote. */
  protected text(): boolean {
    const { bytes, near } = this;
    let at = this.at;
    if (bytes[at] !== quote) return false;
    this.textStart = ++at;
    for (; at < near; at++) {
      const byte = bytes[at]!;
      if (byte === quote) {
        this.at = at + 1;
        return true;
      }
      if (byte < 0x20 || byte > 0x7e || byte === backslash) return false;
    }
    return false;
  }

  /** Start of the next key, -1 if there is none; leaves `at` behind its closing quote. */
  protected key(): number {
    this.skipSpace();
    return this.text() ? this.textStart : -1;
  }

  protected colon(): boolean {
    this.skipSpace();
    if (!this.take(colon)) return false;
    this.skipSpace();
    return true;
  }

  /** The value of an unknown field: a plain string, an integer, true, false or null. */
  protected skipScalar(): boolean {
    const byte = this.bytes[this.at];
    if (byte === quote) return this.text();
    if (byte === 0x74) return this.literal(trueLiteral);
    if (byte === 0x66) return this.literal(falseLiteral);
    if (byte === 0x6e) return this.literal(nullLiteral);
    if (byte === 0x30) {
      this.at++;
      return !this.isNumberByte();
    }
    const start = this.at;
    while (this.isDigit()) this.at++;
    return this.at > start && !this.isNumberByte();
  }

  protected isDigit(): boolean {
    const byte = this.bytes[this.at]!;
    return this.at < this.near && byte >= 0x30 && byte <= 0x39;
  }

  /** What could continue a number: a digit, `.`, `e`, `E`. */
  protected isNumberByte(): boolean {
    const byte = this.bytes[this.at];
    return this.isDigit() || byte === 0x2e || byte === 0x65 || byte === 0x45;
  }

  protected literal(expected: Uint8Array): boolean {
    if (!this.matches(this.at, expected)) return false;
    this.at += expected.length;
    return true;
  }

  protected matches(at: number, expected: Uint8Array): boolean {
    const { bytes } = this;
    if (at + expected.length > this.end) return false;
    for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
    return true;
  }

  protected take(byte: number): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  protected skipSpace(): void {
    const { bytes, near } = this;
    let at = this.at;
    while (at < near) {
      const byte = bytes[at]!;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      at++;
    }
    this.at = at;
  }
}
