/** How figures are written in tables, charts and comparisons: three significant digits, and never a false precision. Pure. */
import type { Measure } from './result.ts';

/** Decimals that leave `value` three significant digits. */
export function decimalsOf(value: number): number {
  const size = Math.abs(value);
  if (size === 0 || size >= 100) return 0;
  if (size >= 10) return 1;
  return size >= 1 ? 2 : 3;
}

/** With thousands separators; `decimals` if it has to agree with other figures beside it. */
export function formatNumber(value: number, decimals = decimalsOf(value)): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞';
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** The median, and how far the samples spread around it: `412 (398–430)`. */
export function formatMeasure({ median, min, max, samples }: Measure): string {
  const decimals = samples.every(Number.isInteger) && Number.isInteger(median) ? 0 : decimalsOf(median);
  const middle = formatNumber(median, decimals);
  const low = formatNumber(min, decimals);
  const high = formatNumber(max, decimals);
  return low === high ? middle : `${middle} (${low}–${high})`;
}

/** What stands behind a figure or in a header; nothing for a pure number. */
export function formatUnit(unit: string): string {
  return unit === '' ? '' : ` (${unit})`;
}
