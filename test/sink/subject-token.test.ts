/** Ids as tokens of a subject: no id can reach beyond its token, and no two ids meet in one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordingName, subjectToken } from '../../src/base/recording-name.ts';
import { seeded } from '../support/seed.ts';

const token = /^[A-Za-z0-9+_-]{1,120}$/;

describe('subjectToken', () => {
  it.each([
    [null, 'mixed'],
    ['4:+15550100000', '4_+15550100000'],
    ['8:acs:6f1d-1_00-2', '8_acs_6f1d-1_00-2'],
    ['28:6b45c5b6-1c34-47c0-8980-11e98d47d23f', '28_6b45c5b6-1c34-47c0-8980-11e98d47d23f'],
  ])('keeps the letters of %s, as the name of its recording does', (id, expected) => {
    expect(subjectToken(id)).toBe(expected);
    expect(recordingName(id)).toBe(expected);
  });

  it.each(['a.b', '.', '..', '*', '>', 'a.>', ' ', '', '\0', '$JS', 'mixed', 'x'.repeat(10_000), 'Zürich', '🎧'])(
    'makes one token of %j',
    (id) => expect(subjectToken(id)).toMatch(token),
  );

  it('makes one token of anything', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: fc.constantFrom(...'a.*> :\t\r\n') }),
    );
    fc.assert(
      fc.property(any, (id) => token.test(subjectToken(id))),
      seeded({ numRuns: 500 }),
    );
  });

  it('keeps ids apart that differ only in what is replaced', () => {
    const ids = [
      'a.b',
      'a*b',
      'a>b',
      'a b',
      'a\tb',
      'a/b',
      'a\\b',
      'a\0b',
      'aüb',
      'a\u202eb',
      'a..b',
      'a_b',
      'mixed',
      'mi.xed',
    ];
    ids.push('x'.repeat(200), 'x'.repeat(201), `${'x'.repeat(200)}.`);
    const tokens = [null, ...ids].map(subjectToken);
    expect(new Set(tokens).size).toBe(ids.length + 1);
  });
});
