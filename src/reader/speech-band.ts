/**
 * The level of what speech is made of: a high pass of second order (Butterworth, 200 Hz) in front of the root mean square. Pure; any
 * thread.
 */
import { levelOf } from './level.ts';

const cornerHz = 200;

export class SpeechBand {
  private readonly b: number;
  private readonly a1: number;
  private readonly a2: number;
  private x1 = 0;
  private x2 = 0;
  private y1 = 0;
  private y2 = 0;

  constructor(sampleRate: number) {
    const angle = (2 * Math.PI * cornerHz) / sampleRate;
    const alpha = Math.sin(angle) / Math.SQRT2;
    this.b = (1 + Math.cos(angle)) / 2 / (1 + alpha);
    this.a1 = (-2 * Math.cos(angle)) / (1 + alpha);
    this.a2 = (1 - alpha) / (1 + alpha);
  }

  /** The level of the next samples in dB below full scale; null if all of them are zero. */
  push(samples: Int16Array, at: number, count: number): number | null {
    const { b, a1, a2 } = this;
    let { x1, x2, y1, y2 } = this;
    let energy = 0;
    let any = 0;
    for (let i = at; i < at + count; i++) {
      const x = samples[i]!;
      any |= x;
      const y = b * (x - 2 * x1 + x2) - a1 * y1 - a2 * y2;
      x2 = x1;
      x1 = x;
      y2 = y1;
      y1 = y;
      energy += y * y;
    }
    // Rests, not to compute with numbers next to nothing for ever.
    const isSilent = any === 0;
    this.x1 = isSilent ? 0 : x1;
    this.x2 = isSilent ? 0 : x2;
    this.y1 = isSilent ? 0 : y1;
    this.y2 = isSilent ? 0 : y2;
    return isSilent ? null : levelOf(energy, count);
  }
}
