/** The decoder against a slow reference: random texts, and valid ones with something wrong at every position. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, decodedBytes, isLatin1 } from '../../src/protocol/base64.ts';
import { seeded } from '../support/seed.ts';
import { referenceBase64, toBase64 } from './reference.ts';

/** Where the decoder writes, between two guards of a pattern of their own. */
const guard = 16;
const target = Buffer.from(new SharedArrayBuffer(768));
const untouched = Buffer.alloc(target.length, 0xa5);

/** What the gateway makes of a text: the bytes, or null when it refuses. Checks that nothing else was written to. */
function decode(text: string): Buffer | null {
  const bytes = decodedBytes(text);
  if (bytes < 0 || !isLatin1(text)) return null;
  untouched.copy(target);
  const isValid = decodeBase64(text, bytes, target, guard);
  if (untouched.compare(target, 0, guard, 0, guard) !== 0) throw new Error('wrote before its place');
  const end = guard + bytes;
  if (untouched.compare(target, end, target.length, end) !== 0) throw new Error('wrote behind its place');
  return isValid ? Buffer.from(target.subarray(guard, guard + bytes)) : null;
}

function agrees(text: string): void {
  const expected = referenceBase64(text);
  const actual = decode(text);
  if (expected === null ? actual !== null : !(actual?.equals(expected) ?? false)) {
    throw new Error(
      `${JSON.stringify(text)}: ${actual?.toString('hex') ?? 'refused'}, not ${expected?.toString('hex') ?? 'refused'}`,
    );
  }
}

const strange = [...' \n\r\t\0"\\=-_+/.,;~@[`{A9éÿĀŁ\u0141\u2028\uD800\uFEFF'];

describe('base64', () => {
  it('decodes whatever an encoder writes, of every length', () => {
    for (let length = 0; length <= 700; length++) {
      const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 37 + length) & 0xff));
      expect(decode(toBase64(bytes))?.equals(bytes)).toBe(true);
    }
  });

  it('refuses every last character that leaves bits behind the end', () => {
    for (let first = 0; first < 64; first++) {
      for (const text of [`AAA${String.fromCharCode(0x40 + first)}`, `AA${String.fromCharCode(0x30 + first)}=`])
        agrees(text);
      agrees(`A${String.fromCharCode(0x30 + first)}==`);
    }
  });

  it('knows every UTF-16 code unit that is none of its characters', () => {
    for (let code = 0; code <= 0xffff; code++) {
      agrees(`AAA${String.fromCharCode(code)}`);
      agrees(`A${String.fromCharCode(code)}${'A'.repeat(14)}`);
    }
  });

  it.each([
    ['without padding', 48],
    ['with one padding character', 47],
    ['with two', 46],
  ])('refuses a text %s with something wrong at any position', (_what, length) => {
    const text = toBase64(Buffer.alloc(length, 0x5a));
    for (let at = 0; at <= text.length; at++) {
      for (const character of strange) {
        agrees(text.slice(0, at) + character + text.slice(at));
        agrees(text.slice(0, at) + character + text.slice(at + 1));
        // The right length, so that only the character is wrong.
        agrees(text.slice(0, at) + character.repeat(4) + text.slice(at));
      }
      agrees(text.slice(0, at));
      agrees(text.slice(0, at) + text.slice(at + 1));
    }
  });

  it.each(['=', '==', '===', '====', 'A===', '=AAA', 'AA=A', 'A=AA', 'AA==AAAA', 'AAA=AAA=', 'AAAA====', 'AA=='])(
    'agrees with the reference about %s',
    (text) => agrees(text),
  );

  it('agrees with the reference about random texts', () => {
    const character = fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') },
      { weight: 1, arbitrary: fc.constantFrom(...strange) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
    );
    const anything = fc.string({ unit: character, maxLength: 40, size: 'max' });
    const encoded = fc.uint8Array({ maxLength: 60, size: 'max' }).map(toBase64);
    const damaged = fc
      .tuple(encoded, fc.nat(), character, fc.nat(2))
      .map(
        ([text, at, other, removed]) =>
          text.slice(0, at % (text.length + 1)) + other + text.slice((at % (text.length + 1)) + removed),
      );
    fc.assert(fc.property(fc.oneof(anything, encoded, damaged), agrees), seeded({ numRuns: 20_000 }));
  });
});
