/** ISO 8601 in UTC: what ACS writes, and every kind of nonsense. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parseTimestamp } from '../../src/protocol/timestamp.ts';
import { seeded } from '../support/seed.ts';
import { referenceTimestamp } from './reference.ts';

/** Parses from the middle of a buffer whose rest would continue with the timestamp. */
function parse(text: string): number {
  const bytes = Buffer.from(`2024${text}00`);
  return parseTimestamp(bytes, 4, bytes.length - 2);
}

describe('a timestamp', () => {
  it.each([
    ['2024-11-15T19:16:12Z', 0],
    ['2024-11-15T19:16:12.9Z', 900],
    ['2024-11-15T19:16:12.92Z', 920],
    ['2024-11-15T19:16:12.925Z', 925],
    ['2024-11-15T19:16:12.9251Z', 925.1],
    ['2024-11-15T19:16:12.92512Z', 925.12],
    ['2024-11-15T19:16:12.925123Z', 925.123],
    ['2024-11-15T19:16:12.9251234Z', 925.1234],
    ['2024-11-15T19:16:12.0000001Z', 0.0001],
    ['2024-11-15T19:16:12.92512345Z', 925.1234],
    ['2024-11-15T19:16:12.925123499Z', 925.1234],
    ['2024-11-15T19:16:12.00000009999999999999999999Z', 0],
  ])('%s has %f ms behind its second', (text, ms) => {
    expect(parse(text)).toBe(Date.UTC(2024, 10, 15, 19, 16, 12) + ms);
  });

  it.each([
    ['2024-11-15T19:16:12+00:00', 0],
    ['2024-11-15T19:16:12-00:00', 0],
    ['2024-11-15T21:46:12.5+02:30', 500],
    ['2024-11-15T14:16:12-05:00', 0],
    ['2024-11-16T18:15:12.0000000+22:59', 0],
    ['2024-11-16T19:15:12+23:59', 0],
  ])('%s is the same second in UTC', (text, ms) => {
    expect(parse(text)).toBe(Date.UTC(2024, 10, 15, 19, 16, 12) + ms);
  });

  it.each([
    '2024-02-29',
    '2000-02-29',
    '1972-02-29',
    '9999-12-31',
    '0000-02-29',
    '0001-01-01',
    '1970-01-01',
    '2023-02-28',
  ])('on %s is what Date.parse says', (date) => {
    const text = `${date}T23:59:59.999Z`;
    expect(Date.parse(text)).not.toBeNaN();
    expect(parse(text)).toBe(Date.parse(text));
  });

  it.each([
    '2023-02-29',
    '1900-02-29',
    '2100-02-29',
    '2024-02-30',
    '2024-04-31',
    '2024-00-10',
    '2024-13-01',
    '2024-01-00',
    '2024-01-32',
  ])('on %s, which no calendar has, is none', (date) => {
    expect(parse(`${date}T00:00:00Z`)).toBeNaN();
  });

  it.each([
    '',
    'Z',
    '2024-11-15',
    '2024-11-15T19:16Z',
    '2024-11-15T19:16:12',
    '2024-11-15T19:16:12z',
    '2024-11-15t19:16:12Z',
    '2024-11-15 19:16:12Z',
    '2024/11/15T19:16:12Z',
    '2024-11-15T19.16.12Z',
    '20241115T191612.000Z',
    '2024-11-15T24:00:00Z',
    '2024-11-15T23:60:00Z',
    '2024-11-15T23:59:60Z',
    '2024-11-15T19:16:12.Z',
    '2024-11-15T19:16:12,925Z',
    '2024-11-15T19:16:12.9 Z',
    '2024-11-15T19:16:12.-9Z',
    '2024-11-15T19:16:12.925ZZ',
    '2024-11-15T19:16:12.925Z ',
    ' 2024-11-15T19:16:12.925Z',
    '2024-11-15T19:16:12+0000',
    '2024-11-15T19:16:12+00',
    '2024-11-15T19:16:12+24:00',
    '2024-11-15T19:16:12+00:60',
    '2024-11-15T19:16:12+00-00',
    '2024-11-15T19:16:12 00:00',
    '2024-11-15T19:16:12.925',
    '+002024-11-15T19:16:12Z',
    '-2024-11-15T19:16:12.00Z',
    '2O24-11-15T19:16:12Z',
    '2024-1 -15T19:16:12Z',
    '٢٠٢٤-11-15T19:16:12Z',
    '2024-11-15T19:16:12\u00b79Z',
    'Fri, 15 Nov 2024 19:16:12 GMT',
    '1731698172925',
    '2024-11-15T19:16:12.925Z2024-11-15T19:16:12.925Z',
  ])('%j is none', (text) => {
    expect(parse(text)).toBeNaN();
  });

  it('is what Date.parse says, for every day of 400 years', () => {
    for (let day = Date.UTC(1899, 11, 31); day < Date.UTC(2301, 0, 1); day += 86_400_000) {
      const text = new Date(day).toISOString();
      if (parse(text) !== day) expect.fail(`${text} is ${parse(text)}`);
    }
  });

  it('is what Date.parse says, to the millisecond, with any fraction and any offset', () => {
    const offset = fc.oneof(
      fc.constant('Z'),
      fc.tuple(fc.constantFrom('+', '-'), fc.nat(23), fc.nat(59)).map(([sign, h, m]) => `${sign}${two(h)}:${two(m)}`),
    );
    const date = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9998-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    const fraction = fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 12 });
    const property = fc.property(date, fraction, offset, (when, digits, zone) => {
      const second = when.toISOString().slice(0, 19);
      const whole = `${second}${digits === '' ? '' : `.${digits.slice(0, 3)}`}${zone}`;
      expect(parse(whole)).toBe(Date.parse(whole));
      // Date.parse forgets the rest. In the year 9998 a double can tell 0.03 ms apart.
      const rest = digits.length > 3 ? Number(`0.${digits.slice(3)}`) : 0;
      if (digits !== '')
        expect(Math.abs(parse(`${second}.${digits}${zone}`) - Date.parse(whole) - rest)).toBeLessThan(0.04);
    });
    fc.assert(property, seeded({ numRuns: 5_000 }));
  });

  it('on no date of any calendar is none, also directly after one of any other date', () => {
    const bytesOf = (year: number, month: string, day: string) => Buffer.from(`${year}-${month}-${day}T00:00:00Z`);
    const numbers = [...Array.from({ length: 100 }, (_, n) => two(n)), '1 ', ' 1', '-1', '0x'];
    const all = [2023, 2024].flatMap((year) => numbers.flatMap((m) => numbers.map((d) => bytesOf(year, m, d))));
    const noDates = all.filter((bytes) => Number.isNaN(referenceTimestamp(bytes.toString())));
    expect(noDates).toHaveLength(all.length - 365 - 366);
    for (let month = 1; month <= 12; month++) {
      for (const day of ['01', '15', '28']) {
        const valid = bytesOf(2024, two(month), day);
        for (const bytes of noDates) {
          parseTimestamp(valid, 0, valid.length);
          if (!Number.isNaN(parseTimestamp(bytes, 0, bytes.length))) expect.fail(`${bytes} after ${valid}`);
        }
        expect(parseTimestamp(valid, 0, valid.length)).toBe(Date.parse(valid.toString()));
      }
    }
  });

  it('is what it is, whatever date was asked for before', () => {
    const twoDigit = fc.oneof(fc.nat(99), fc.constantFrom(0, 1, 2, 11, 12, 13, 28, 29, 30, 31, 32)).map(two);
    const year = fc.constantFrom('0000', '0001', '1999', '2000', '2023', '2024', '9999');
    const date = fc.tuple(year, twoDigit, twoDigit).map((fields) => `${fields.join('-')}T12:00:00Z`);
    const property = fc.property(fc.array(date, { minLength: 2, maxLength: 8 }), (dates) => {
      expect(dates.map(parse)).toEqual(dates.map(referenceTimestamp));
    });
    fc.assert(property, seeded({ numRuns: 3_000 }));
  });

  it.each(['0000-00-00', '0000-00-01', '0000-01-00', '1969-12-00', '1970-00-00'])(
    'on %s is none, also when it is the first of all',
    async (date) => {
      vi.resetModules();
      const fresh = await import('../../src/protocol/timestamp.ts');
      const bytes = Buffer.from(`${date}T00:00:00Z`);
      expect(fresh.parseTimestamp(bytes, 0, bytes.length)).toBeNaN();
    },
  );

  it('is none after any change that the reference does not take either', () => {
    const text = '2024-02-29T19:16:12.9250000+01:30';
    for (let at = 0; at <= text.length; at++) {
      for (const character of '0123456789:-+.TZ zt\0/é') {
        const changed = [
          text.slice(0, at) + character + text.slice(at),
          text.slice(0, at) + character + text.slice(at + 1),
        ];
        for (const candidate of changed)
          expect([candidate, parse(candidate)]).toEqual([candidate, referenceTimestamp(candidate)]);
      }
    }
  });
});

function two(number: number): string {
  return String(number).padStart(2, '0');
}
