/** The last minute of a figure as a small line. */
import { palette } from './theme.ts';

export class Trace {
  private readonly values: (number | null)[] = [];
  private readonly countMax: number;

  constructor(countMax: number) {
    this.countMax = countMax;
  }

  add(value: number | null): void {
    this.values.push(value);
    if (this.values.length > this.countMax) this.values.shift();
  }

  draw(context: CanvasRenderingContext2D, width: number, height: number): void {
    // Air above: the figure stands there.
    const most = 1.5 * Math.max(1e-9, ...this.values.map((value) => value ?? 0));
    const step = width / (this.countMax - 1);
    const begin = width - (this.values.length - 1) * step;
    context.beginPath();
    let isDrawing = false;
    this.values.forEach((value, i) => {
      if (value === null) {
        isDrawing = false;
        return;
      }
      const y = height - 1 - (value / most) * (height - 2);
      if (isDrawing) context.lineTo(begin + i * step, y);
      else context.moveTo(begin + i * step, y);
      isDrawing = true;
    });
    context.lineWidth = 1.5;
    context.lineJoin = 'round';
    context.strokeStyle = palette.wave;
    context.stroke();
  }
}
