/** The distribution over time, as SVG: a column a step, a row a bucket, the colour how many. Pure. */
import { timeAxis } from './chart.ts';
import { heat } from './color.ts';
import type { View } from './panel-json.ts';
import { format } from './unit.ts';

const left = 72;
const right = 10;
const top = 4;
const axisHeight = 20;
/** As in the panels: makes the few visible beside the many. */
const exponent = 0.4;

export function drawHeatmap({ panel, answers, range, width, height }: View): string {
  const unit = panel.fieldConfig!.defaults.unit!;
  const bucketOf = (text: string | undefined) => (text === '+Inf' ? Infinity : Number(text));
  const rows = (answers[0]?.series ?? [])
    .map(({ labels, points }) => ({ bound: bucketOf(labels['le']), points: new Map(points) }))
    .sort((a, b) => a.bound - b.bound);
  if (rows.length === 0) return `<div class="empty">No data</div>`;
  const bottom = height - axisHeight;
  const rowHeight = (bottom - top) / rows.length;
  const x = (time: number) => left + ((time - range.start) / (range.end - range.start)) * (width - left - right);
  const columnWidth = x(range.start + range.step) - left;
  const cells: { time: number; row: number; count: number }[] = [];
  rows.forEach(({ points }, row) => {
    for (const [time, cumulative] of points) {
      const count = cumulative - (rows[row - 1]?.points.get(time) ?? 0);
      if (count > 1e-9) cells.push({ time, row, count });
    }
  });
  const most = cells.reduce((max, { count }) => Math.max(max, count), 0);
  let svg = timeAxis(range, x, bottom);
  const every = Math.ceil(16 / rowHeight);
  rows.forEach(({ bound }, row) => {
    const y = bottom - (row + 1) * rowHeight;
    if (row % every !== 0 && bound !== Infinity) return;
    svg += `<line x1="${left}" x2="${width - right}" y1="${y}" y2="${y}" class="grid"/>`;
    svg += `<text x="${left - 8}" y="${y + rowHeight / 2 + 4}" class="tick" text-anchor="end">${format(bound, unit)}</text>`;
  });
  for (const { time, row, count } of cells) {
    const y = bottom - (row + 1) * rowHeight;
    const size = `width="${Math.max(columnWidth - 0.5, 1).toFixed(1)}" height="${(rowHeight - 0.7).toFixed(1)}"`;
    const place = `x="${Math.max(left, x(time) - columnWidth).toFixed(1)}" y="${y.toFixed(1)}"`;
    svg += `<rect ${place} ${size} fill="${heat((count / most) ** exponent)}"/>`;
  }
  return `<svg width="${width}" height="${height}">${svg}</svg>`;
}
