/** Numbers as Grafana writes them, for the units that our panels use. Pure. */

interface Scale {
  readonly base: number;
  readonly suffixes: readonly string[];
}

const short: Scale = { base: 1000, suffixes: ['', ' K', ' Mil', ' Bil'] };
const bytes: Scale = { base: 1024, suffixes: [' B', ' KiB', ' MiB', ' GiB', ' TiB'] };
const bytesPerSecond: Scale = { base: 1024, suffixes: [' B/s', ' KiB/s', ' MiB/s', ' GiB/s'] };

/** As many decimals as three digits need. */
function round(value: number, decimals: number | undefined): string {
  if (decimals !== undefined) return value.toFixed(decimals);
  const size = Math.abs(value);
  if (size === 0 || size >= 100) return value.toFixed(0);
  return String(Number(value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4)));
}

function scaled(value: number, { base, suffixes }: Scale, decimals: number | undefined): string {
  let power = 0;
  let rest = value;
  while (Math.abs(rest) >= base && power < suffixes.length - 1) {
    rest /= base;
    power++;
  }
  return round(rest, power === 0 && Number.isInteger(rest) && decimals === undefined ? 0 : decimals) + suffixes[power];
}

function seconds(value: number, decimals: number | undefined): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 0.001) return `${round(value * 1e6, decimals)} µs`;
  if (size < 1) return `${round(value * 1e3, decimals)} ms`;
  if (size < 120) return `${round(value, decimals)} s`;
  if (size < 7200) return `${round(value / 60, decimals)} min`;
  return `${round(value / 3600, decimals)} h`;
}

export function format(value: number, unit: string, decimals?: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '-∞';
  if (unit.startsWith('suffix:')) return `${round(value, decimals)} ${unit.slice('suffix:'.length)}`;
  switch (unit) {
    case 's':
      return seconds(value, decimals);
    case 'percentunit':
      return `${round(value * 100, decimals)}%`;
    case 'bytes':
      return scaled(value, bytes, decimals);
    case 'binBps':
      return scaled(value, bytesPerSecond, decimals);
    case 'none':
      return round(value, decimals);
    default:
      return scaled(value, short, decimals);
  }
}

/** Marks for an axis: about `count` round values from `low` to beyond `high`; binary ones for bytes. */
export function ticks(low: number, high: number, count: number, unit: string): number[] {
  const span = high - low || 1;
  const base = unit === 'bytes' || unit === 'binBps' ? 1024 ** Math.floor(Math.log2(span) / 10) : 1;
  const raw = span / base / count;
  const magnitude = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= raw * 0.999)! * magnitude * base;
  const marks: number[] = [];
  for (let index = Math.floor(low / step); index * step < high + step * 0.999; index++) marks.push(index * step);
  return marks;
}
