/**
 * ISO 8601 in UTC, as ACS writes it (`2024-11-15T19:16:12.925Z`), with any number of fraction digits, of which the first 7
 * count; an offset instead of `Z` is taken as well. From bytes, without allocation. Pure.
 */

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - 0x30;
  const ones = bytes[at + 1]! - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

/** The date asked for last and its answer: a day has millions of frames. */
let lastDate = Number.NaN;
let lastDays = 0;

/** Days since 1970-01-01; NaN when there is no such date. */
function daysOf(year: number, month: number, day: number): number {
  // Unambiguous for all that two digits can be, and for the -1 of what is none.
  const date = (year * 128 + month) * 128 + day;
  if (date !== lastDate) {
    if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return Number.NaN;
    lastDate = date;
    lastDays = daysSinceEpoch(year, month, day);
  }
  return lastDays;
}

/** Days since 1970-01-01 of a date of the Gregorian calendar. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The offset from UTC that ends the text, in minutes; NaN when there is none that is valid. */
function offsetMinutes(bytes: Uint8Array, at: number, end: number): number {
  const sign = bytes[at];
  if (sign === 0x5a && end - at === 1) return 0;
  if ((sign !== 0x2b && sign !== 0x2d) || end - at !== 6 || bytes[at + 3] !== 0x3a) return Number.NaN;
  const hours = twoDigits(bytes, at + 1);
  const minutes = twoDigits(bytes, at + 4);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return Number.NaN;
  return sign === 0x2b ? hours * 60 + minutes : -(hours * 60 + minutes);
}

/** A longer text is no timestamp. */
export const timestampBytesMax = 64;

/** Milliseconds since the epoch, fractions included, or NaN when `bytes[start..end)` is not such a timestamp. */
export function parseTimestamp(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 20 || end - start > timestampBytesMax) return Number.NaN;
  const century = twoDigits(bytes, start);
  const yearOfCentury = twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  const hour = twoDigits(bytes, start + 11);
  const minute = twoDigits(bytes, start + 14);
  const second = twoDigits(bytes, start + 17);
  if (century < 0 || yearOfCentury < 0 || hour < 0 || minute < 0 || second < 0) return Number.NaN;
  if (bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d || bytes[start + 10] !== 0x54) return Number.NaN;
  if (bytes[start + 13] !== 0x3a || bytes[start + 16] !== 0x3a) return Number.NaN;
  const year = century * 100 + yearOfCentury;
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN;

  let at = start + 19;
  let fraction = 0;
  let scale = 1;
  if (bytes[at] === 0x2e) {
    for (at++; at < end; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      if (scale === 1e7) continue;
      fraction = fraction * 10 + digit;
      scale *= 10;
    }
    if (scale === 1) return Number.NaN;
  }
  const minutes = hour * 60 + minute - offsetMinutes(bytes, at, end);
  const whole = (daysOf(year, month, day) * 86_400 + minutes * 60 + second) * 1000;
  return whole + (fraction * 1000) / scale;
}
