/**
 * The scanner, and before it what it has learnt: a message of a shape that was scanned before is compared instead, which is
 * several times faster and means the same. The default first parser. Worker thread.
 */
import { type Message, type MessageParser, messageKind } from './message.ts';
import { Scanner } from './scan.ts';
import { Shape, type Words } from './shape.ts';
import { latin1Text } from './text.ts';
import { parseTimestamp } from './timestamp.ts';

/** Shapes are kept by the length of their messages: calls differ in that first. A power of two. */
const shapesMax = 64;
/** A shape that fits nothing any more gives way after so many messages of other shapes. */
const shapeMissesMax = 16;
/** Longer messages are rare, and their shapes would be large. */
const shapeBytesMax = 8192;
const envelopeBytesMax = 512;

const noWords: Words = { i32: new Int32Array(0), f64: new Float64Array(0) };

export class ShapedScanner implements MessageParser {
  private readonly scanner = new Scanner();
  private readonly shapes: (Shape | undefined)[] = Array.from({ length: shapesMax });
  private readonly misses = new Int32Array(shapesMax);
  private bytes: Buffer | null = null;
  /** The same as words; empty when it does not lie on a multiple of 8. */
  private words = noWords;

  parse(bytes: Buffer, start: number, end: number, message: Message): boolean {
    if (bytes !== this.bytes) this.attach(bytes);
    const isAligned = start % 8 === 0 && this.words !== noWords;
    if (isAligned && this.compare(bytes, start, end, message)) return true;
    if (!this.scanner.parse(bytes, start, end, message)) return false;
    if (isAligned) this.learn(bytes, start, end, message.silent);
    return true;
  }

  private attach(bytes: Buffer): void {
    const { buffer, byteOffset, length } = bytes;
    this.bytes = bytes;
    this.words =
      byteOffset % 8 === 0
        ? {
            i32: new Int32Array(buffer, byteOffset, length >> 2),
            f64: new Float64Array(buffer, byteOffset, length >> 3),
          }
        : noWords;
  }

  /** Fills the message if it has a shape that is known. */
  private compare(bytes: Buffer, start: number, end: number, message: Message): boolean {
    const slot = (end - start) & (shapesMax - 1);
    const shape = this.shapes[slot];
    if (shape === undefined || shape.length !== end - start || !shape.fits(this.words, start)) return false;
    const { timestamp, id, data } = shape;
    let timestampMs = Number.NaN;
    if (timestamp.end > timestamp.start) {
      timestampMs = parseTimestamp(bytes, start + timestamp.start, start + timestamp.end);
      if (Number.isNaN(timestampMs)) return false;
    }
    message.clear();
    message.kind = messageKind.audio;
    message.timestampMs = timestampMs;
    message.id = bytes;
    message.idStart = start + id.start;
    message.idEnd = start + id.end;
    message.data = latin1Text(bytes, start + data.start, start + data.end);
    message.silent = shape.silent;
    this.misses[slot] = 0;
    this.scanner.dataLength = data.end - data.start;
    return true;
  }

  /** Remembers the shape of the message that was scanned, unless another one has its place and is still in use. */
  private learn(bytes: Buffer, start: number, end: number, silent: boolean): void {
    const slot = (end - start) & (shapesMax - 1);
    if (this.shapes[slot] !== undefined && ++this.misses[slot]! < shapeMissesMax) return;
    const { data } = this.scanner;
    if (end - start > shapeBytesMax || end - start - (data.end - data.start) > envelopeBytesMax) return;
    this.misses[slot] = 0;
    this.shapes[slot] = new Shape(bytes.subarray(start, end), start, this.scanner, silent);
  }
}
