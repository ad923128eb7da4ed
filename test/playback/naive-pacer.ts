/**
 * What samples do, on a clock of its own: a chain of relative timers, one frame at a time, nothing ahead, a plain array for what
 * waits, each chunk converted by itself, and whatever was handed over counts as heard. Every expectation must fail on it.
 */
import { Acs } from './rig.ts';
import type { Speech, SpokenWords } from './speech.ts';

const tickMs = 20;
const frameSamples = 320;
const streamRate = 16_000;

export class NaivePacer implements Speech {
  private nowMs = 1_000;
  /** As the package ws: what the kernel does not take waits in the process, however much it is. */
  readonly acs = new Acs(() => this.nowMs, Number.POSITIVE_INFINITY);
  private frames: Int16Array[] = [];
  private rest: number[] = [];
  private timerMs: number | null = null;
  private handedOver = 0;
  private finished: (() => void)[] = [];

  begin({ sampleRate = streamRate } = {}): SpokenWords {
    return {
      write: (samples) => this.write(samples, sampleRate),
      // The rest of the last chunk is no frame.
      end: () => {
        this.rest = [];
      },
      played: () => new Promise((resolve) => this.finished.push(() => resolve(undefined))),
    };
  }

  clear(): void {
    if (this.frames.length === 0) return;
    this.timerMs = null;
    this.frames = [];
    this.acs.send(JSON.stringify({ Kind: 'StopAudio', AudioData: null, StopAudio: {} }));
  }

  get playedMs(): number {
    return (1_000 * this.handedOver) / streamRate;
  }

  run(ms: number, stepMs = 1): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs = Math.min(endMs, this.nowMs + stepMs);
      this.turn();
    }
  }

  stall(ms: number): void {
    this.nowMs += ms;
    this.turn();
  }

  unblock(): void {
    this.acs.unblock();
  }

  hangUp(): void {
    this.timerMs = null;
    this.frames = [];
  }

  [Symbol.dispose](): void {}

  private write(samples: Int16Array, sampleRate: number): number {
    const converted = sampleRate === streamRate ? samples : interpolated(samples, sampleRate);
    this.handedOver += converted.length;
    for (const sample of converted) {
      this.rest.push(sample);
      if (this.rest.length === frameSamples) this.frames.push(Int16Array.from(this.rest.splice(0)));
    }
    this.timerMs ??= this.nowMs;
    return samples.length;
  }

  private turn(): void {
    if (this.timerMs === null || this.nowMs < this.timerMs) return;
    const frame = this.frames.shift();
    if (frame === undefined) {
      this.timerMs = null;
      for (const resolve of this.finished.splice(0)) resolve();
      return;
    }
    const data = Buffer.from(frame.buffer).toString('base64');
    this.acs.send(JSON.stringify({ Kind: 'AudioData', AudioData: { Data: data }, StopAudio: null }));
    this.timerMs = this.nowMs + tickMs;
  }
}

/** Between neighbours, from the beginning of the chunk. */
function interpolated(samples: Int16Array, sampleRate: number): Int16Array {
  const step = sampleRate / streamRate;
  return Int16Array.from({ length: Math.floor(samples.length / step) }, (_, i) => {
    const at = Math.floor(i * step);
    const share = i * step - at;
    return Math.round((1 - share) * samples[at]! + share * (samples[at + 1] ?? samples[at]!));
  });
}
