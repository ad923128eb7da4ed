/**
 * The scanner: finds the fields of an `AudioData` message on raw bytes, in any order, with any white space and unknown
 * fields. Strict: it accepts nothing that `JSON.parse` would understand differently, and declines (returns false) whatever
 * is out of the ordinary: escapes, non-ASCII ids, duplicate keys, nested or fractional unknown values, other kinds, more
 * than 512 bytes beside the data, and anything malformed. The general parser then has the word. Allocates one string per frame, the base64 text.
 *
 * One thing it does not look at: the characters of `data`. If they are not base64 the decoder finds out, and must ask the
 * general parser too (a quote or a control character among them would change what the message is).
 */

import { ascii, Cursor, falseLiteral, nullLiteral, quote, trueLiteral } from './cursor.ts';
import { type Message, type MessageParser, messageKind } from './message.ts';
import { latin1Text } from './text.ts';
import { parseTimestamp } from './timestamp.ts';

const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const kindKey = ascii('kind');
const audioDataKey = ascii('audioData');
const audioDataKind = ascii('AudioData');
const timestampKey = ascii('timestamp');
const dataKey = ascii('data');
const silentKey = ascii('silent');
const participantKeys = [
  ascii('participantRawID'),
  ascii('participantRawId'),
  ascii('participantId'),
  ascii('participant'),
] as const;

// Fields seen so far; a second one of the same name is for the general parser (the last one counts there).
const seenKind = 1;
const seenAudio = 2;
const seenTimestamp = 4;
const seenData = 8;
const seenSilent = 16;
const seenParticipant = 32;

/** A stretch of bytes, counted like those that it lies in. */
export class Span {
  start = 0;
  end = 0;

  set(start: number, end: number): void {
    this.start = start;
    this.end = end;
  }
}

export class Scanner extends Cursor implements MessageParser {
  /** Where the fields of the message that was scanned last lie; empty for those that it does not have. */
  readonly timestamp = new Span();
  readonly id = new Span();
  readonly data = new Span();
  /** Length of the last `data` text: where the next one probably ends. A wrong guess costs a search, or a general parse. */
  dataLength = 0;

  parse(bytes: Buffer, start: number, end: number, message: Message): boolean {
    this.begin(bytes, start, end);
    this.timestamp.set(0, 0);
    this.id.set(0, 0);
    this.data.set(0, 0);
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
      case participantKeys[3].length:
        return this.matches(key, participantKeys[3]) ? seenParticipant : 0;
      default:
        return 0;
    }
  }

  private value(field: number, message: Message): boolean {
    switch (field) {
      case seenData:
        return this.base64(message);
      case seenSilent:
        if (this.literal(trueLiteral)) message.silent = true;
        else if (!this.literal(falseLiteral)) return false;
        return true;
      case seenTimestamp:
        if (!this.text()) return false;
        message.timestampMs = parseTimestamp(this.bytes, this.textStart, this.at - 1);
        this.timestamp.set(this.textStart, this.at - 1);
        return true;
      case seenParticipant:
        if (this.literal(nullLiteral)) return true;
        if (!this.text()) return false;
        message.id = this.bytes;
        message.idStart = this.textStart;
        message.idEnd = this.at - 1;
        this.id.set(message.idStart, message.idEnd);
        return true;
      default:
        return this.skipScalar();
    }
  }

  private base64(message: Message): boolean {
    const { bytes } = this;
    if (bytes[this.at] !== quote) return false;
    const start = this.at + 1;
    let close = start + this.dataLength;
    if (close >= this.end || bytes[close] !== quote) {
      // Not beyond the message: what follows in the lane may be megabytes without a quote.
      const length = bytes.subarray(start, this.end).indexOf(quote);
      if (length < 0) return false;
      this.dataLength = length;
      close = start + length;
    }
    message.data = latin1Text(bytes, start, close);
    this.data.set(start, close);
    this.at = close + 1;
    this.near = Math.min(this.end, this.near + this.dataLength);
    return true;
  }
}
