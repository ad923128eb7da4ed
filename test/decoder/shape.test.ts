/**
 * The shape of a message, known from one that was scanned before, against a scanner that knows none: byte by byte they must
 * take the same messages and find the same in them. How often a shape fitted is counted, so that the comparison is one.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Message, type MessageParser } from '../../src/protocol/message.ts';
import { Scanner } from '../../src/protocol/scan.ts';
import { Shape } from '../../src/protocol/shape.ts';
import { ShapedScanner } from '../../src/protocol/shaped-scan.ts';
import { seeded } from '../support/seed.ts';
import { envelopes, tellingBytes } from './envelopes.ts';
import { audio, iso, startMs } from './messages.ts';
import { plainAudio } from './mutation.ts';
import { referenceBase64 } from './reference.ts';

/** How often a shape was asked, and how often it fitted. */
const counts = { asked: 0, fitted: 0 };
const { fits } = Shape.prototype;
beforeAll(() => {
  Shape.prototype.fits = function (this: Shape, words, word) {
    counts.asked++;
    const isFit = fits.call(this, words, word);
    if (isFit) counts.fitted++;
    return isFit;
  };
});
afterAll(() => {
  Shape.prototype.fits = fits;
});
beforeEach(() => {
  counts.asked = counts.fitted = 0;
});

/** A message that said something else before: nothing of that may be left. */
function usedMessage(): Message {
  const before = { dataIsText: false, silent: true, timestampMs: 1, data: 'AAAA', id: Buffer.from('before'), idEnd: 6 };
  return Object.assign(new Message(), before);
}

/** Where messages lie: in the middle of much else, as in a lane. */
const memory = Buffer.alloc(1 << 17, '"');

/** What a parser makes of a message; data that is no base64 goes to the general parser, and then nothing else counts. */
function judge(parser: MessageParser, text: Uint8Array, start = 1024): string {
  const message = usedMessage();
  memory.fill('"', start - 8, start + text.length + 8);
  memory.set(text, start);
  const isTaken = parser.parse(memory, start, start + text.length, message);
  if (!isTaken || referenceBase64(message.data) === null) return 'for the general parser';
  const { kind, data, dataIsText, silent, timestampMs, id, idStart, idEnd } = message;
  return JSON.stringify([
    kind,
    data,
    dataIsText,
    silent,
    timestampMs,
    Buffer.from(id.subarray(idStart, idEnd)).toString(),
  ]);
}

/** A scanner that knows the shape of a message. */
function knowing(text: Uint8Array): ShapedScanner {
  const scanner = new ShapedScanner();
  judge(scanner, text);
  return scanner;
}

function replaced(text: Uint8Array, at: number, byte: number): Buffer {
  const copy = Buffer.from(text);
  copy[at] = byte;
  return copy;
}

/** Compares the two about a message in which every byte in turn is replaced by each of these. */
function compareEverywhere(text: Buffer, bytes: readonly number[]): void {
  for (let at = 0; at < text.length; at++) {
    for (const byte of bytes) {
      const changed = replaced(text, at, byte);
      const [is, should] = [judge(knowing(text), changed), judge(new Scanner(), changed)];
      if (is !== should) expect.fail(`${JSON.stringify(changed.toString('latin1'))}: ${is}, not ${should}`);
    }
  }
}

describe('a known shape', () => {
  it.each(envelopes)('is recognised: %s', (_name, text) => {
    const scanner = knowing(Buffer.from(text));
    for (let n = 1; n <= 3; n++) {
      expect(judge(scanner, Buffer.from(text))).toBe(judge(new Scanner(), Buffer.from(text)));
      expect(counts).toEqual({ asked: n, fitted: n });
    }
  });

  it.each(envelopes)('means what the scanner says, whichever byte is another: %s', (_name, text) => {
    compareEverywhere(Buffer.from(text), tellingBytes);
    expect(counts.asked).toBe(text.length * tellingBytes.length);
    // In data, ids and timestamps, and where the byte was that one already.
    expect(counts.fitted).toBeGreaterThan(tellingBytes.length * 10);
    expect(counts.fitted).toBeLessThan(counts.asked * 0.75);
  });

  it('fits no message with any other byte in its envelope', () => {
    const text = Buffer.from(envelopes[0]![1]);
    const fields = [/2024-11-15T19:16:12\.925Z/, /8:acs:1a2b-3c4d_5e6f/, /AAEC[^"]*/].map((pattern) => {
      const { index, 0: found } = pattern.exec(text.toString())!;
      return [index, index + found.length] as const;
    });
    const scanner = knowing(text);
    for (let at = 0; at < text.length; at++) {
      if (fields.some(([start, end]) => at >= start && at < end)) continue;
      for (let bit = 0; bit < 8; bit++) judge(scanner, replaced(text, at, text[at]! ^ (1 << bit)));
    }
    expect(counts.asked).toBeGreaterThan(500);
    expect(counts.fitted).toBe(0);
  });

  it('means what the scanner says for any plain audio, whichever byte is another', () => {
    const property = fc.property(plainAudio, fc.infiniteStream(fc.constantFrom(...tellingBytes)), (text, stream) => {
      const message = Buffer.from(text);
      fc.pre(message.length < 1500);
      for (let at = 0; at < message.length; at++) {
        const changed = replaced(message, at, stream.next().value!);
        expect(judge(knowing(message), changed)).toBe(judge(new Scanner(), changed));
      }
    });
    fc.assert(property, seeded({ numRuns: 60 }));
    expect(counts.fitted).toBeGreaterThan(1000);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 79, 80])('takes the ids that the scanner takes: %i bytes', (length) => {
    const message = (id: string) => Buffer.from(audio({ participantRawID: id, data: 'AAAA' }), 'latin1');
    const known = knowing(message('a'.repeat(length)));
    let plain = 0;
    for (let byte = 0; byte < 256; byte++) {
      // As it stands in the message, not as JSON would write it.
      const text = message('a'.repeat(length));
      const start = text.indexOf('a'.repeat(length), text.indexOf('participantRawID') + 16);
      for (const at of [start, start + length - 1, start + (length >> 1)]) {
        const changed = replaced(text, at, byte);
        const should = judge(new Scanner(), changed);
        expect([byte, judge(known, changed)]).toEqual([byte, should]);
        if (should !== 'for the general parser') plain++;
      }
    }
    expect(plain).toBe(3 * (0x5f - 2));
    expect(counts.fitted).toBeGreaterThanOrEqual(plain);
  });

  it.each([
    '2024-99-15T19:16:12.925Z',
    '2024-11-00T19:16:12.925Z',
    '2024-02-30T19:16:12.925Z',
    '2024-11-15T24:16:12.925Z',
    '2024-11-15T19:16:12.92 Z',
    '20x4-11-15T19:16:12.925Z',
    'the day before yesterday',
  ])('says nothing of a message whose timestamp is %s', (timestamp) => {
    const known = knowing(Buffer.from(audio()));
    const text = Buffer.from(audio({ timestamp }));
    expect(judge(known, text)).toBe(judge(new Scanner(), text));
    expect(counts.fitted).toBe(1);
  });
});

describe('shapes are', () => {
  const short = (fields: Record<string, unknown>) => Buffer.from(audio({ data: 'AAAA', ...fields }));

  it.each([1, 2, 3, 4, 5, 7])('not looked for where a message begins %i bytes behind a multiple of 8', (behind) => {
    const text = Buffer.from(envelopes[0]![1]);
    const scanner = knowing(text);
    for (let n = 0; n < 5; n++) expect(judge(scanner, text, 2048 + behind)).toBe(judge(new Scanner(), text));
    expect(counts.asked).toBe(0);
    expect(judge(scanner, text, 4096 + 8)).toBe(judge(new Scanner(), text));
    expect(counts).toEqual({ asked: 1, fitted: 1 });
  });

  it.each([1, 2, 4])('not looked for in memory that begins %i bytes behind a multiple of 8', (behind) => {
    const text = Buffer.from(envelopes[0]![1]);
    const odd = Buffer.from(new ArrayBuffer(4096), behind);
    const scanner = new ShapedScanner();
    for (const start of [8, 8 - behind, 16 - behind]) {
      odd.set(text, start);
      for (let n = 0; n < 5; n++) expect(scanner.parse(odd, start, start + text.length, new Message())).toBe(true);
    }
    expect(counts.asked).toBe(0);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('of no harm at the very end of memory, which is cut %i bytes short', (behind) => {
    const text = Buffer.from(audio({ data: 'AAAA', participantRawID: 'x'.repeat(40 + behind) }));
    const small = Buffer.from(new ArrayBuffer(64 + text.length), 0);
    small.set(text, 64);
    const scanner = knowing(text);
    const message = new Message();
    expect(scanner.parse(small, 64, 64 + text.length, message)).toBe(true);
    expect([message.data, message.idEnd - message.idStart, message.timestampMs]).toEqual([
      'AAAA',
      40 + behind,
      startMs,
    ]);
  });

  it('looked for again when the memory is another one', () => {
    const text = Buffer.from(envelopes[0]![1]);
    const scanner = knowing(text);
    const other = Buffer.from(new ArrayBuffer(4096), 8);
    for (const target of [other, memory, other]) {
      const message = new Message();
      target.set(text, 64);
      expect(scanner.parse(target, 64, 64 + text.length, message)).toBe(true);
      expect(Buffer.from(message.id.subarray(message.idStart, message.idEnd)).toString()).toBe('8:acs:1a2b-3c4d_5e6f');
      expect(message.timestampMs).toBe(startMs);
    }
    expect(counts).toEqual({ asked: 3, fitted: 3 });
  });

  it('kept for many lengths at a time', () => {
    const scanner = new ShapedScanner();
    const texts = Array.from({ length: 64 }, (_, n) => short({ participantRawID: 'x'.repeat(n + 1) }));
    for (const text of [...texts, ...texts]) expect(judge(scanner, text)).toBe(judge(new Scanner(), text));
    expect(counts.fitted).toBe(64);
  });

  it('told apart by their lengths, also where those share a place', () => {
    const scanner = new ShapedScanner();
    const texts = [0, 64, 128, 192].map((more) => short({ participantRawID: 'x'.repeat(1 + more) }));
    for (let n = 0; n < 12; n++) {
      const text = texts[n % 4]!;
      expect(judge(scanner, text)).toBe(judge(new Scanner(), text));
    }
    expect(counts.fitted).toBe(2);
  });

  it('not taken for those of messages that only begin like theirs', () => {
    const text = Buffer.from(envelopes[0]![1]);
    const scanner = knowing(text);
    for (const behind of ['x', ' ', '"', '}']) {
      const longer = Buffer.concat([text, Buffer.from(behind.repeat(64))]);
      expect(judge(scanner, longer)).toBe(judge(new Scanner(), longer));
    }
    // And the other way round: as if the rest of a longer message still lay behind this one.
    const padded = Buffer.concat([text, Buffer.from(' '.repeat(64))]);
    const other = knowing(padded);
    memory.set(padded, 8192);
    expect(other.parse(memory, 8192, 8192 + text.length - 1, new Message())).toBe(false);
    expect(other.parse(memory, 8192, 8192 + padded.length - 128, new Message())).toBe(false);
    expect(counts.fitted).toBe(0);
  });

  it('two streams’ with envelopes of one length: neither is taken for the other', () => {
    const scanner = new ShapedScanner();
    const texts = [
      short({ participantRawID: 'stream a', silent: true, x: 1 }),
      short({ participantRawId: 'stream b', silent: true, x: 1 }),
      short({ participantRawID: 'stream', silent: false, x: '' }),
    ];
    expect(new Set(texts.map((text) => text.length)).size).toBe(1);
    for (let n = 0; n < 300; n++) {
      const text = texts[(n * 7 + (n >> 3)) % 3]!;
      expect(judge(scanner, text)).toBe(judge(new Scanner(), text));
    }
    expect(counts.fitted).toBeGreaterThan(50);
    expect(counts.fitted).toBeLessThan(200);
  });

  it('given up for one that keeps coming, and only then', () => {
    const [one, other] = [short({ participantRawID: 'a' }), short({ participantRawId: 'a' })];
    const scanner = knowing(one);
    const fitted = (text: Buffer, times: number): number => {
      counts.fitted = 0;
      for (let n = 0; n < times; n++) expect(judge(scanner, text)).toBe(judge(new Scanner(), text));
      return counts.fitted;
    };
    // As long as the known one comes from time to time, it stays.
    for (let n = 0; n < 10; n++) expect([fitted(other, 10), fitted(one, 1)]).toEqual([0, 1]);
    const first = fitted(other, 40);
    expect(first).toBeGreaterThan(10);
    expect(first).toBeLessThan(40);
    expect([fitted(other, 5), fitted(one, 1)]).toEqual([5, 0]);
  });

  it('not kept of messages that the scanner declines, and not of very long ones', () => {
    const declined = Buffer.from(audio({ data: 'AAAA', participantRawID: 'é' }));
    const long = Buffer.from(audio({ data: 'AAAA'.repeat(5000) }));
    const wordy = Buffer.from(audio({ data: 'AAAA', x: 'x'.repeat(3000) }));
    for (const text of [declined, long, wordy]) {
      const scanner = knowing(text);
      for (let n = 0; n < 3; n++) expect(judge(scanner, text)).toBe(judge(new Scanner(), text));
    }
    expect(counts.asked).toBe(0);
  });

  it('of use for a whole call: all of its messages but the first fit', () => {
    const scanner = new ShapedScanner();
    for (let n = 0; n < 500; n++) {
      const text = Buffer.from(
        audio({ timestamp: iso(startMs + 20 * n), participantRawID: `4:+155501${100 + (n % 4)}` }),
      );
      expect(judge(scanner, text)).toBe(judge(new Scanner(), text));
    }
    expect(counts.fitted).toBe(499);
  });
});
