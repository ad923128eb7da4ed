/** Axes: where values lie on a line of pixels, and at which round values a tick stands. Pure. */
import { formatNumber } from './format.ts';

export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** Round values from 0 to at least `largest`, about `count` of them; the last one is the end of the axis. */
export function linearTicks(largest: number, count: number): Tick[] {
  const span = largest > 0 && Number.isFinite(largest) ? largest : 1;
  const rough = span / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * unit).find((candidate) => candidate >= rough * 0.999)!;
  const decimals = Math.max(0, -Math.floor(Math.log10(step)), step / unit === 2.5 ? 1 - Math.log10(unit) : 0);
  return Array.from({ length: Math.ceil(span / step - 1e-9) + 1 }, (_, i) => {
    return { value: i * step, text: formatNumber(i * step, Math.round(decimals)) };
  });
}

/** 1, 2, 5 of every decade that lies between the two, if they do: for a logarithmic axis. */
export function logTicks(smallest: number, largest: number): Tick[] {
  const ticks: Tick[] = [];
  for (let decade = Math.floor(Math.log10(smallest)); decade <= Math.log10(largest); decade++) {
    for (const factor of [1, 2, 5]) {
      const value = factor * 10 ** decade;
      if (value < smallest * 0.999 || value > largest * 1.001) continue;
      ticks.push({ value, text: formatNumber(value, Math.max(0, -decade)) });
    }
  }
  return ticks;
}

/** Maps `from..to` onto `start..end`. A range of no width lies in the middle. */
export function scale(from: number, to: number, start: number, end: number, isLog = false): (value: number) => number {
  const place = isLog ? Math.log10 : (value: number) => value;
  const width = place(to) - place(from);
  return (value) => (width === 0 ? (start + end) / 2 : start + ((place(value) - place(from)) / width) * (end - start));
}
