/** Lines over time, as SVG: axes with units, stacks, thresholds, marks of annotations, and a legend. Pure. */
import { colorOf, palette } from './color.ts';
import { escapeHtml, overridesOf, type View } from './panel-json.ts';
import type { Range, Series } from './prometheus.ts';
import { format, ticks } from './unit.ts';

const left = 72;
const right = 10;
const top = 6;
const axisHeight = 20;
const legendLine = 18;

export interface Line {
  readonly name: string;
  readonly color: string;
  readonly fill: number;
  readonly dashed: boolean;
  readonly stacked: boolean;
  readonly points: readonly (readonly [time: number, value: number])[];
}

export function nameOf(series: Series, legend: string | undefined): string {
  return (legend ?? '').replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => series.labels[label] ?? '');
}

function linesOf({ panel, answers }: View): Line[] {
  const custom = panel.fieldConfig!.defaults.custom;
  const named = answers.flatMap(({ target, series }) =>
    series.map((each) => ({ name: nameOf(each, target.legendFormat), points: each.points })),
  );
  return named.map(({ name, points }, index) => {
    const overrides = overridesOf(panel, name);
    const color = overrides.get('color') as { fixedColor: string } | undefined;
    const stacking = (overrides.get('custom.stacking') as { mode: string } | undefined) ?? custom?.stacking;
    return {
      name,
      color: colorOf(color?.fixedColor ?? palette[index % palette.length]!),
      fill: (overrides.get('custom.fillOpacity') as number | undefined) ?? custom?.fillOpacity ?? 0,
      dashed: overrides.has('custom.lineStyle'),
      stacked: stacking?.mode === 'normal',
      points,
    };
  });
}

/** Adds to each stacked line those below it. */
function stack(lines: readonly Line[]): (Line & { readonly floor: ReadonlyMap<number, number> })[] {
  const sums = new Map<number, number>();
  return lines.map((line) => {
    if (!line.stacked) return { ...line, floor: new Map() };
    const floor = new Map(sums);
    const points = line.points.map(([time, value]) => {
      const sum = (sums.get(time) ?? 0) + (Number.isFinite(value) ? value : 0);
      sums.set(time, sum);
      return [time, sum] as const;
    });
    return { ...line, points, floor };
  });
}

/** Runs of points without a hole: a series without a value for two steps is interrupted. */
function runs(points: Line['points'], step: number): Line['points'][] {
  const found: (readonly [number, number])[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    if (!Number.isFinite(point[1])) continue;
    if (point[0] - last > step * 2.1) found.push([]);
    found.at(-1)!.push(point);
    last = point[0];
  }
  return found;
}

function clock(time: number): string {
  return new Date(time * 1000).toISOString().slice(11, 19);
}

/** A label of the time needs so many pixels. */
const clockWidth = 75;

export function timeAxis({ start, end }: Range, x: (time: number) => number, y: number): string {
  const most = (x(end) - x(start)) / clockWidth;
  const step = [5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find((each) => (end - start) / each <= most) ?? 7200;
  let svg = '';
  for (let time = Math.ceil(start / step) * step; x(time) <= x(end) - clockWidth / 3; time += step) {
    svg += `<text x="${x(time)}" y="${y + 15}" class="tick" text-anchor="middle">${clock(time)}</text>`;
  }
  return svg;
}

function legendOf(lines: readonly Line[], width: number): { svg: string; height: number } {
  let x = left - 50;
  let line = 0;
  let svg = '';
  for (const { name, color } of lines) {
    const wide = name.length * 6.6 + 30;
    if (x + wide > width && x > left) {
      x = left - 50;
      line++;
    }
    if (line === 3) break;
    svg += `<rect x="${x}" y="${line * legendLine + 5}" width="14" height="4" rx="2" fill="${color}"/>`;
    svg += `<text x="${x + 19}" y="${line * legendLine + 11}" class="name">${escapeHtml(name)}</text>`;
    x += wide;
  }
  return { svg, height: (Math.min(line, 2) + 1) * legendLine };
}

export function drawChart(view: View): string {
  const { panel, range, marks, width, height } = view;
  const { unit = 'short', max, thresholds, custom } = panel.fieldConfig!.defaults;
  const lines = stack(linesOf(view));
  if (lines.length === 0) return `<div class="empty">No data</div>`;
  const legend = legendOf(lines, width);
  const bottom = height - axisHeight - legend.height;
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  const most = values.reduce((a, b) => Math.max(a, b), custom?.axisSoftMax ?? 0);
  const marksY = ticks(0, max ?? (most || 1), 4, unit);
  const high = max ?? marksY.at(-1)!;
  const x = (time: number) => left + ((time - range.start) / (range.end - range.start)) * (width - left - right);
  const y = (value: number) => bottom - (value / high) * (bottom - top);
  let svg = '';
  for (const mark of marksY) {
    if (mark > high * 1.001) continue;
    svg += `<line x1="${left}" x2="${width - right}" y1="${y(mark)}" y2="${y(mark)}" class="grid"/>`;
    svg += `<text x="${left - 8}" y="${y(mark) + 4}" class="tick" text-anchor="end">${format(mark, unit)}</text>`;
  }
  svg += timeAxis(range, x, bottom);
  for (const { time, color, text } of marks) {
    svg += `<line x1="${x(time)}" x2="${x(time)}" y1="${top}" y2="${bottom}" class="mark" stroke="${colorOf(color)}"><title>${escapeHtml(text)}</title></line>`;
  }
  for (const { points, color, fill, dashed, floor } of lines) {
    for (const run of runs(points, range.step)) {
      const path = run.map(([time, value]) => `${x(time).toFixed(1)},${y(Math.min(value, high)).toFixed(1)}`);
      const under = run.map(([time]) => `${x(time).toFixed(1)},${y(floor.get(time) ?? 0).toFixed(1)}`).reverse();
      if (fill > 0)
        svg += `<polygon points="${[...path, ...under].join(' ')}" fill="${color}" opacity="${fill / 100}"/>`;
      const dash = dashed ? ' stroke-dasharray="6 4"' : '';
      svg += `<polyline points="${path.join(' ')}" fill="none" stroke="${color}" stroke-width="1.3"${dash}/>`;
    }
  }
  for (const { value, color } of custom?.thresholdsStyle?.mode === 'dashed' ? (thresholds?.steps ?? []) : []) {
    if (value === null || value > high) continue;
    svg += `<line x1="${left}" x2="${width - right}" y1="${y(value)}" y2="${y(value)}" stroke="${colorOf(color)}" stroke-dasharray="8 6" opacity="0.8"/>`;
  }
  svg += `<g transform="translate(0 ${height - legend.height})">${legend.svg}</g>`;
  return `<svg width="${width}" height="${height}">${svg}</svg>`;
}
