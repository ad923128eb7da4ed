/** One lane of a call: waveform, speaking turns, gaps, silence, pauses, cuts. Each has a shape of its own, not only a colour. */
import { type History, type Minute, minuteSlices } from './history.ts';
import { palette } from './theme.ts';

export interface LaneView {
  readonly history: History;
  readonly minute: Minute;
  readonly now: number;
  /** `true`: what the gateway says. */
  readonly isSpoken: boolean;
  readonly cutsAt: readonly number[];
}

const turnHeight = 4;

export function drawLane(context: CanvasRenderingContext2D, width: number, height: number, view: LaneView): void {
  const { minute, now } = view;
  const from = now - minuteSlices;
  const x = (at: number) => ((at - from) / minuteSlices) * width;
  const middle = (height - turnHeight - 2) / 2;
  drawSeconds(context, width, height, now);
  for (const hole of minute.holes) {
    if (hole.is === 'gap') drawGap(context, x(hole.from), x(hole.to), 2 * middle);
    else drawPause(context, x(hole.from), x(hole.to), middle);
  }
  drawWave(context, width, middle, view, from);
  context.fillStyle = view.isSpoken ? palette.spoken : palette.wave;
  for (const turn of minute.turns) {
    context.fillRect(x(turn.from), height - turnHeight, x(turn.to) - x(turn.from), turnHeight);
  }
  for (const at of view.cutsAt) drawCut(context, x(at), height);
}

/** A line at every tenth second of the call, which moves with it. */
export function drawSeconds(context: CanvasRenderingContext2D, width: number, height: number, now: number): void {
  const from = now - minuteSlices;
  context.fillStyle = palette.line;
  for (let at = Math.ceil(Math.max(0, from) / 500) * 500; at <= now; at += 500)
    context.fillRect(Math.round(((at - from) / minuteSlices) * width), 0, 1, height);
}

function drawWave(
  context: CanvasRenderingContext2D,
  width: number,
  middle: number,
  { history, now, isSpoken }: LaneView,
  from: number,
): void {
  // Whole slices to a column, always the same ones: the picture moves, and does not flicker.
  const step = Math.max(1, Math.round(minuteSlices / width));
  const columnWidth = (step / minuteSlices) * width;
  const begin = Math.floor(Math.max(0, from) / step) * step;
  context.fillStyle = isSpoken ? palette.spoken : palette.wave;
  const silent: number[] = [];
  for (let at = begin; at <= now; at += step) {
    let low = 127;
    let high = -128;
    let isSilent = true;
    for (let i = at; i < at + step; i++) {
      const slot = history.slotOf(i);
      if (slot < 0) continue;
      low = Math.min(low, history.low[slot]!);
      high = Math.max(high, history.high[slot]!);
      if (!history.isSilent(slot)) isSilent = false;
    }
    if (low > high) continue;
    const x = ((at - from) / minuteSlices) * width;
    if (isSilent) {
      silent.push(x);
      continue;
    }
    const top = middle - loudness(high) * middle;
    context.fillRect(x, top, columnWidth + 0.25, Math.max(1.5, middle - loudness(low) * middle - top));
  }
  // Flagged as silence: hollow, so that it is told from a quiet voice.
  context.fillStyle = palette.dim;
  for (const x of silent) {
    context.fillRect(x, middle - 3, columnWidth + 0.25, 1);
    context.fillRect(x, middle + 2, columnWidth + 0.25, 1);
  }
}

/** Quiet voices are worth seeing: the root of what a linear scale would draw. */
function loudness(sample: number): number {
  const share = Math.min(1, Math.abs(sample) / 127);
  return Math.sign(sample) * share ** 0.6;
}

function drawGap(context: CanvasRenderingContext2D, from: number, to: number, height: number): void {
  const width = Math.max(2, to - from);
  context.save();
  context.beginPath();
  context.rect(from, 0, width, height);
  context.clip();
  context.globalAlpha = 0.25;
  context.fillStyle = palette.bad;
  context.fillRect(from, 0, width, height);
  context.globalAlpha = 1;
  context.strokeStyle = palette.bad;
  context.lineWidth = 1;
  context.beginPath();
  for (let x = from - height; x < from + width; x += 5) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
}

function drawPause(context: CanvasRenderingContext2D, from: number, to: number, middle: number): void {
  context.strokeStyle = palette.dim;
  context.lineWidth = 1;
  context.setLineDash([3, 4]);
  context.beginPath();
  context.moveTo(from, middle);
  context.lineTo(to, middle);
  context.stroke();
  context.setLineDash([]);
}

function drawCut(context: CanvasRenderingContext2D, x: number, height: number): void {
  context.fillStyle = palette.bad;
  context.fillRect(x - 1, 0, 2, height);
  context.beginPath();
  context.moveTo(x - 5, 0);
  context.lineTo(x + 5, 0);
  context.lineTo(x, 8);
  context.fill();
}
