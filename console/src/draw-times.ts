/** Jitter beside residence over the lanes' minute: a fault of the network is in the one, a fault of ours in the other. */
import { drawSeconds } from './draw-lane.ts';
import { type History, minuteSlices } from './history.ts';
import { palette } from './theme.ts';

/** The top of the scale is one of these. */
const scalesMs = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
const labelHeight = 16;
/** Slices to a point: 100 ms. */
const step = 5;

/** The worst of all lanes, for each point; NaN: nothing came, or nothing is known of it. */
function worst(
  histories: readonly History[],
  figure: 'jitterMs' | 'residenceMs',
  from: number,
  now: number,
): Float32Array {
  const points = new Float32Array(minuteSlices / step + 1).fill(Number.NaN);
  const begin = Math.floor(from / step) * step;
  for (const history of histories) {
    for (let at = Math.max(0, begin); at <= now; at++) {
      const slot = history.slotOf(at);
      if (slot < 0) continue;
      const point = Math.floor((at - begin) / step);
      const value = history[figure][slot]!;
      if (value >= (points[point]! || 0)) points[point] = value;
    }
  }
  return points;
}

export function drawTimes(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  histories: readonly History[],
  now: number,
): void {
  const from = now - minuteSlices;
  const plotHeight = height - labelHeight;
  const jitter = worst(histories, 'jitterMs', from, now);
  const residence = worst(histories, 'residenceMs', from, now);
  const most = [...jitter, ...residence].reduce((most, value) => (value > most ? value : most), 0);
  const scale = scalesMs.find((scale) => scale >= most) ?? scalesMs.at(-1)!;
  drawSeconds(context, width, plotHeight, now);
  drawScale(context, width, plotHeight, scale);
  drawTimeLabels(context, width, height, now);
  const begin = Math.floor(from / step) * step;
  const line = (points: Float32Array, colour: string, dash: readonly number[]) => {
    context.beginPath();
    let isDrawing = false;
    points.forEach((value, i) => {
      if (Number.isNaN(value)) {
        isDrawing = false;
        return;
      }
      const x = ((begin + i * step - from) / minuteSlices) * width;
      const y = plotHeight - 1 - (Math.min(value, scale) / scale) * (plotHeight - 4);
      if (isDrawing) context.lineTo(x, y);
      else context.moveTo(x, y);
      isDrawing = true;
    });
    context.setLineDash([...dash]);
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.lineJoin = 'round';
    context.stroke();
    context.setLineDash([]);
  };
  line(jitter, palette.jitter, []);
  line(residence, palette.residence, [5, 3]);
}

function drawScale(context: CanvasRenderingContext2D, width: number, height: number, scale: number): void {
  context.font = '11px system-ui, sans-serif';
  context.textAlign = 'left';
  for (const share of [0, 0.5, 1]) {
    const y = height - 1 - share * (height - 4);
    context.fillStyle = palette.line;
    context.fillRect(0, Math.round(y), width, 1);
    if (share === 0) continue;
    context.fillStyle = palette.dim;
    context.textBaseline = share === 1 ? 'top' : 'bottom';
    context.fillText(`${scale * share} ms`, 4, share === 1 ? y + 3 : y - 2);
  }
}

function drawTimeLabels(context: CanvasRenderingContext2D, width: number, height: number, now: number): void {
  const from = now - minuteSlices;
  context.font = '11px system-ui, sans-serif';
  context.fillStyle = palette.dim;
  context.textBaseline = 'bottom';
  context.textAlign = 'center';
  for (let at = Math.ceil(Math.max(0, from) / 500) * 500; at <= now; at += 500) {
    const x = ((at - from) / minuteSlices) * width;
    if (x < 14 || x > width - 14) continue;
    const seconds = at / 50;
    context.fillText(`${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`, x, height);
  }
}
