/**
 * The shape of a message: every byte of it but those of its timestamp, id and data. Senders build their messages
 * all alike, so what was scanned in full once need only be compared the next time, eight bytes at a time. A message of a
 * known shape means what the scanner would find in it; of another one nothing is known. Worker thread.
 */
import type { Scanner, Span } from './scan.ts';

/** What the scanner knows of a message beside its contents. */
export type Fields = Pick<Scanner, 'timestamp' | 'id' | 'data'>;
type Range = Pick<Span, 'start' | 'end'>;

const wordBytes = 4;
const doubleBytes = 8;
const everyTopBit = 0x80808080 | 0;

/** Bytes of shared memory as both kinds of number that they are compared as. Messages lie on multiples of 8 in it. */
export interface Words {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
}

/** A word for each four bytes of a message, all ones where a byte belongs to one of the ranges. */
function masks(length: number, ranges: readonly Range[]): Int32Array {
  const words = new Int32Array(Math.ceil(length / wordBytes));
  const bytes = new Uint8Array(words.buffer);
  for (const { start, end } of ranges) bytes.fill(0xff, start, end);
  return words;
}

export class Shape {
  readonly length: number;
  /** Where the fields lie, counted from the start of the message; empty for those that it does not have. */
  readonly timestamp: Range;
  readonly id: Range;
  readonly data: Range;
  readonly silent: boolean;
  /** Eight bytes of the envelope at a time: their places, and what stands there. */
  private readonly doublePlaces: Int32Array;
  private readonly doubles: Float64Array;
  /** What does not fill eight bytes, in triples: a word's place, its bits that count, and what they are. */
  private readonly triples: Int32Array;
  private readonly idWord: number;
  private readonly idMasks: Int32Array;

  /** Takes the shape from a message; `start` is where it begins, counted like its fields. Allocates. */
  constructor(message: Uint8Array, start: number, fields: Fields, silent: boolean) {
    const { length } = message;
    const relative = (span: Range) =>
      span.end > span.start ? { start: span.start - start, end: span.end - start } : { start: 0, end: 0 };
    this.length = length;
    this.timestamp = relative(fields.timestamp);
    this.id = relative(fields.id);
    this.data = relative(fields.data);
    this.silent = silent;
    const rounded = Math.ceil(length / doubleBytes) * doubleBytes;
    const text = new Uint8Array(rounded);
    text.set(message);
    const isField = masks(rounded, [this.timestamp, this.id, this.data]);
    const counts = masks(rounded, [{ start: 0, end: length }]).map((mask, word) => mask & ~isField[word]!);
    const words = new Int32Array(text.buffer);
    const places: number[] = [];
    const triples: number[] = [];
    for (let word = 0; word < counts.length; word += 2) {
      if ((counts[word]! & counts[word + 1]!) === -1) places.push(word / 2);
      else for (const w of [word, word + 1]) if (counts[w] !== 0) triples.push(w, counts[w]!, words[w]! & counts[w]!);
    }
    const doubles = new Float64Array(text.buffer);
    this.doublePlaces = Int32Array.from(places);
    this.doubles = Float64Array.from(places, (place) => doubles[place]!);
    this.triples = Int32Array.from(triples);
    this.idWord = this.id.start >> 2;
    this.idMasks = masks(length, [this.id]).slice(this.idWord, Math.ceil(this.id.end / wordBytes));
  }

  /**
   * Whether a message of the same length, which begins at `start` of the bytes behind `words`, has this shape, and an id of
   * printable ASCII without quotes and backslashes, as the scanner demands.
   */
  fits(words: Words, start: number): boolean {
    const { doublePlaces, doubles, triples } = this;
    const { i32, f64 } = words;
    const double = start >> 3;
    // Equal numbers are equal bytes: no text is a zero, and one that is no number is not even equal to itself.
    for (let i = 0; i < doublePlaces.length; i++) if (f64[double + doublePlaces[i]!] !== doubles[i]) return false;
    const word = start >> 2;
    for (let i = 0; i < triples.length; i += 3) {
      if ((i32[word + triples[i]!]! & triples[i + 1]!) !== triples[i + 2]!) return false;
    }
    return this.hasPlainId(i32, word + this.idWord);
  }

  private hasPlainId(i32: Int32Array, word: number): boolean {
    const { idMasks } = this;
    const last = idMasks.length - 1;
    if (last < 0) return true;
    if (!isPlain(edge(i32[word]!, idMasks[0]!)) || !isPlain(edge(i32[word + last]!, idMasks[last]!))) return false;
    for (let i = word + 1; i < word + last; i++) if (!isPlain(i32[i]!)) return false;
    return true;
  }
}

/** A word at the edge of the id: characters that are none of its own become `a`. */
function edge(word: number, mask: number): number {
  return (word & mask) | (0x61616161 & ~mask);
}

/** Whether four characters are printable ASCII and neither quotes nor backslashes. Without a top bit no sum carries over. */
function isPlain(x: number): boolean {
  const isPrintable = ~x & (x + 0x60606060) & ~(x + 0x01010101);
  return (
    (isPrintable & ((x ^ 0x22222222) + 0x7f7f7f7f) & ((x ^ 0x5c5c5c5c) + 0x7f7f7f7f) & everyTopBit) === everyTopBit
  );
}
