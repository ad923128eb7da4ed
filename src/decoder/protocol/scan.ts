/**
 * The scanner: finds the fields of an `AudioData` message on raw bytes, in any order, with any white space and unknown
 * fields. Strict: it accepts nothing that `JSON.parse` would understand differently, and declines (returns false) whatever
 * is out of the ordinary: escapes, non-ASCII ids, duplicate keys, nested or fractional unknown values, other kinds, and
 * anything malformed. The general parser then has the word. Allocates one string per frame, the base64 text.
 *
 * One thing it does not look at: the characters of `data`. If they are not base64 the decoder finds out, and must ask the
 * general parser too (a quote or a control character among them would change what the message is).
 */
import { type Message, type MessageParser, messageKind } from './message.ts';
import { parseTimestamp } from './timestamp.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** The bytes of a literal, to compare with. */
function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
const kindKey = ascii('kind');
const audioDataKey = ascii('audioData');
const audioDataKind = ascii('AudioData');
const timestampKey = ascii('timestamp');
const dataKey = ascii('data');
const silentKey = ascii('silent');
const participantKeys = [ascii('participantRawID'), ascii('participantRawId'), ascii('participantId')] as const;
const trueLiteral = ascii('true');
const falseLiteral = ascii('false');
const nullLiteral = ascii('null');

// Fields seen so far; a second one of the same name is for the general parser (the last one counts there).
const seenKind = 1;
const seenAudio = 2;
const seenTimestamp = 4;
const seenData = 8;
const seenSilent = 16;
const seenParticipant = 32;

export class Scanner implements MessageParser {
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;
  private end = 0;
  /** Length of the last `data` text: where the next one probably ends. A wrong guess costs a search, or a general parse. */
  private dataLength = 0;

  parse(bytes: Buffer, start: number, end: number, message: Message): boolean {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    message.clear();
    if (!this.root(message)) return false;
    this.skipSpace();
    if (this.at !== this.end) return false;
    message.kind = messageKind.audio;
    return true;
  }

  /** `{ "kind": "AudioData", "audioData": {…}, … }` */
  private root(message: Message): boolean {
    let seen = 0;
    this.skipSpace();
    if (!this.take(openBrace)) return false;
    do {
      const key = this.key();
      if (key < 0) return false;
      const length = this.at - key - 1;
      if (!this.colon()) return false;
      if (length === kindKey.length && this.matches(key, kindKey)) {
        if ((seen & seenKind) !== 0 || !this.text()) return false;
        const value = this.textStart;
        if (this.at - 1 - value !== audioDataKind.length || !this.matches(value, audioDataKind)) return false;
        seen |= seenKind;
      } else if (length === audioDataKey.length && this.matches(key, audioDataKey)) {
        if ((seen & seenAudio) !== 0 || !this.audio(message)) return false;
        seen |= seenAudio;
      } else if (!this.skipScalar()) return false;
      this.skipSpace();
    } while (this.take(comma));
    return this.take(closeBrace) && seen === (seenKind | seenAudio);
  }

  private audio(message: Message): boolean {
    let seen = 0;
    if (!this.take(openBrace)) return false;
    do {
      const key = this.key();
      if (key < 0) return false;
      const length = this.at - key - 1;
      if (!this.colon()) return false;
      const field = this.field(key, length);
      if ((seen & field) !== 0 || !this.value(field, message)) return false;
      seen |= field;
      this.skipSpace();
    } while (this.take(comma));
    return this.take(closeBrace);
  }

  /** Which field of `audioData` the key at `key` names; 0 for an unknown one. */
  private field(key: number, length: number): number {
    switch (length) {
      case dataKey.length:
        return this.matches(key, dataKey) ? seenData : 0;
      case silentKey.length:
        return this.matches(key, silentKey) ? seenSilent : 0;
      case timestampKey.length:
        return this.matches(key, timestampKey) ? seenTimestamp : 0;
      case participantKeys[0].length:
        return this.matches(key, participantKeys[0]) || this.matches(key, participantKeys[1]) ? seenParticipant : 0;
      case participantKeys[2].length:
        return this.matches(key, participantKeys[2]) ? seenParticipant : 0;
      default:
        return 0;
    }
  }

  private value(field: number, message: Message): boolean {
    switch (field) {
      case seenData:
        return this.data(message);
      case seenSilent:
        if (this.literal(trueLiteral)) message.silent = true;
        else if (!this.literal(falseLiteral)) return false;
        return true;
      case seenTimestamp:
        if (!this.text()) return false;
        message.timestampMs = parseTimestamp(this.bytes, this.textStart, this.at - 1);
        return true;
      case seenParticipant:
        if (this.literal(nullLiteral)) return true;
        if (!this.text()) return false;
        message.id = this.bytes;
        message.idStart = this.textStart;
        message.idEnd = this.at - 1;
        return true;
      default:
        return this.skipScalar();
    }
  }

  private data(message: Message): boolean {
    const { bytes } = this;
    if (bytes[this.at] !== quote) return false;
    const start = this.at + 1;
    let close = start + this.dataLength;
    if (close >= this.end || bytes[close] !== quote) {
      close = bytes.indexOf(quote, start);
      if (close < 0 || close >= this.end) return false;
      this.dataLength = close - start;
    }
    message.data = bytes.toString('latin1', start, close);
    this.at = close + 1;
    return true;
  }

  /** Start of the text that `text()` found last; it ends before `at - 1`. */
  private textStart = 0;

  /** A string of printable ASCII without escapes; leaves `at` behind its closing quote. */
  private text(): boolean {
    const { bytes, end } = this;
    let at = this.at;
    if (bytes[at] !== quote) return false;
    this.textStart = ++at;
    for (; at < end; at++) {
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
  private key(): number {
    this.skipSpace();
    return this.text() ? this.textStart : -1;
  }

  private colon(): boolean {
    this.skipSpace();
    if (!this.take(colon)) return false;
    this.skipSpace();
    return true;
  }

  /** The value of an unknown field: a plain string, an integer, true, false or null. */
  private skipScalar(): boolean {
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

  private isDigit(): boolean {
    const byte = this.bytes[this.at]!;
    return this.at < this.end && byte >= 0x30 && byte <= 0x39;
  }

  /** What could go on with a number: a digit, `.`, `e`, `E`. */
  private isNumberByte(): boolean {
    const byte = this.bytes[this.at];
    return this.isDigit() || byte === 0x2e || byte === 0x65 || byte === 0x45;
  }

  private literal(expected: Uint8Array): boolean {
    if (!this.matches(this.at, expected)) return false;
    this.at += expected.length;
    return true;
  }

  private matches(at: number, expected: Uint8Array): boolean {
    const { bytes } = this;
    if (at + expected.length > this.end) return false;
    for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
    return true;
  }

  private take(byte: number): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  private skipSpace(): void {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      at++;
    }
    this.at = at;
  }
}
