/**
 * Figures as pictures: functions that return the text of an SVG file. Horizontal bars with parts and whiskers, and lines
 * over a linear or logarithmic axis. Values are not negative. Pure: the same figures give the same file.
 */
import { formatNumber } from './format.ts';
import { linearTicks, logTicks, scale, type Tick } from './scale.ts';
import * as svg from './svg.ts';

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The spread; drawn as a whisker. */
  readonly low?: number;
  readonly high?: number;
  /** What the value is made of, from left to right; the same names in every bar that has them. */
  readonly parts?: readonly { readonly label: string; readonly value: number }[];
}

export interface BarChart {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
  readonly note?: string;
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly logX?: boolean;
  readonly series: readonly { readonly name: string; readonly points: readonly Point[] }[];
  readonly note?: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

const barHeight = 20;
const labelSize = 13;
const labelWidthMax = 350;
const plotHeight = 280;

export function barChart({ title, unit, bars, note }: BarChart): string {
  const head = svg.heading(title, unit);
  const content = [...head.svg];
  const partNames = [...new Set(bars.flatMap((bar) => bar.parts?.map((part) => part.label) ?? []))];
  let top = head.bottom + 6;
  if (partNames.length > 0) {
    const names = svg.legend(partNames, top);
    content.push(...names.svg);
    top = names.bottom - 6;
  }

  const labels = bars.map((bar) => svg.wrap(bar.label, labelWidthMax, labelSize));
  const left = svg.margin + 10 + Math.max(0, ...labels.flat().map((text) => svg.textWidth(text, labelSize)));
  const values = bars.map((bar) => formatNumber(bar.value));
  const right = svg.cardWidth - svg.margin - 10 - Math.max(0, ...values.map((text) => svg.textWidth(text, labelSize)));
  const ticks = linearTicks(Math.max(0, ...bars.map((bar) => Math.max(bar.value, bar.high ?? 0))), 6);
  const x = scale(0, ticks.at(-1)!.value, left, right);

  const rows = labels.map((lines) => Math.max(barHeight, lines.length * 16) + 12);
  const bottom = top + rows.reduce((sum, height) => sum + height, 0);
  for (const { value, text } of ticks) {
    content.push(svg.line(x(value), top, x(value), bottom, value === 0 ? svg.ink.axis : svg.ink.grid));
    content.push(svg.label(x(value), bottom + 17, text, { size: 12, colour: svg.ink.quiet, anchor: 'middle' }));
  }
  let y = top;
  bars.forEach((bar, i) => {
    const middle = y + rows[i]! / 2;
    const lines = labels[i]!;
    lines.forEach((text, n) => {
      const baseline = middle + 4.5 + (n - (lines.length - 1) / 2) * 16;
      content.push(svg.label(left - 10, baseline, text, { size: labelSize, anchor: 'end' }));
    });
    content.push(...drawBar(bar, partNames, x, middle));
    const beyond = x(Math.max(bar.value, bar.high ?? 0)) + 8;
    content.push(svg.label(beyond, middle + 4.5, values[i]!, { size: labelSize, bold: true }));
    y += rows[i]!;
  });
  return svg.card(title, content, bottom + 26, note);
}

function drawBar(bar: Bar, partNames: readonly string[], x: (value: number) => number, middle: number): string[] {
  const top = middle - barHeight / 2;
  if (bar.parts === undefined) {
    const colour = svg.colourOf(0);
    return [svg.box(x(0), top, x(bar.value) - x(0), barHeight, colour), ...whisker(bar, x, middle)];
  }
  const drawn: string[] = [];
  let sum = 0;
  for (const part of bar.parts) {
    const colour = svg.colourOf(partNames.indexOf(part.label));
    drawn.push(svg.box(x(sum), top, x(sum + part.value) - x(sum), barHeight, colour));
    sum += part.value;
  }
  return [...drawn, ...whisker(bar, x, middle)];
}

function whisker(bar: Bar, x: (value: number) => number, middle: number): string[] {
  const { value, low = value, high = value } = bar;
  if (low === high) return [];
  const strokes = (colour: string, width: number) => [
    svg.line(x(low), middle, x(high), middle, colour, width),
    svg.line(x(low), middle - 5, x(low), middle + 5, colour, width),
    svg.line(x(high), middle - 5, x(high), middle + 5, colour, width),
  ];
  // A rim, or it would not be seen on a dark bar.
  return [...strokes('#ffffff', 3.5), ...strokes(svg.ink.text, 1.5)];
}

export function lineChart({ title, xLabel, yLabel, logX = false, series, note }: LineChart): string {
  const head = svg.heading(title, yLabel);
  const names = svg.legend(series.length > 1 ? series.map(({ name }) => name) : [], head.bottom + 6);
  const content = [...head.svg, ...names.svg];
  const points = series.flatMap((each) => each.points);
  const top = series.length > 1 ? names.bottom : head.bottom + 8;
  const bottom = top + plotHeight;

  const yTicks = linearTicks(Math.max(0, ...points.map(({ y, high }) => Math.max(y, high ?? 0))), 5);
  const left = svg.margin + 12 + Math.max(...yTicks.map(({ text }) => svg.textWidth(text, 12)));
  const right = svg.cardWidth - svg.margin - 16;
  const y = scale(0, yTicks.at(-1)!.value, bottom, top);
  for (const { value, text } of yTicks) {
    content.push(svg.line(left, y(value), right, y(value), value === 0 ? svg.ink.axis : svg.ink.grid));
    content.push(svg.label(left - 10, y(value) + 4, text, { size: 12, colour: svg.ink.quiet, anchor: 'end' }));
  }

  const isLog = logX && points.every((point) => point.x > 0);
  const { ticks, from, to } = xAxis(points, isLog);
  const inset = isLog ? 24 : 0;
  const x = scale(from, to, left + inset, right - inset, isLog);
  let free = Number.NEGATIVE_INFINITY;
  for (const { value, text } of ticks) {
    content.push(svg.line(x(value), bottom, x(value), bottom + 5, svg.ink.axis));
    const half = svg.textWidth(text, 12) / 2;
    if (x(value) - half < free) continue;
    content.push(svg.label(x(value), bottom + 20, text, { size: 12, colour: svg.ink.quiet, anchor: 'middle' }));
    free = x(value) + half + 6;
  }
  content.push(svg.label((left + right) / 2, bottom + 42, xLabel, { colour: svg.ink.quiet, anchor: 'middle' }));
  series.forEach((each, i) => {
    content.push(...drawSeries(each.points, svg.colourOf(i), x, y));
  });
  return svg.card(title, content, bottom + 54, note);
}

/** A logarithmic axis has its ticks where the points are, unless there are too many of them. */
function xAxis(points: readonly Point[], isLog: boolean): { ticks: Tick[]; from: number; to: number } {
  const values = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const to = values.at(-1) ?? 1;
  if (!isLog) {
    const ticks = linearTicks(to, 6);
    return { ticks, from: 0, to: ticks.at(-1)!.value };
  }
  const from = values[0] ?? 1;
  const ticks = values.length > 12 ? logTicks(from, to) : values.map((value) => ({ value, text: formatNumber(value) }));
  return { ticks, from, to };
}

function drawSeries(
  points: readonly Point[],
  colour: string,
  x: (value: number) => number,
  y: (value: number) => number,
): string[] {
  const sorted = points.toSorted((a, b) => a.x - b.x);
  const path = sorted.map((point) => `${svg.px(x(point.x))},${svg.px(y(point.y))}`).join(' ');
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2.5" stroke-linejoin="round"/>`,
    ...sorted.flatMap(({ x: at, y: value, low = value, high = value }) => [
      ...(low === high ? [] : [svg.line(x(at), y(low), x(at), y(high), colour, 1.5)]),
      `<circle cx="${svg.px(x(at))}" cy="${svg.px(y(value))}" r="4" fill="${colour}" stroke="#ffffff"/>`,
    ]),
  ];
}
