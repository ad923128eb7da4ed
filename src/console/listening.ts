/**
 * What one listener hears: each frame as soon as it is published, from the moment on in which the listening began. One participant as it came, or all
 * of them and what the gateway says, mixed. Console thread.
 */
import { bytesPerSample } from '../base/limits.ts';
import { frameFlag } from '../memory/states.ts';
import { RingCursor } from '../ring/cursor.ts';
import type { Frame } from '../ring/frame.ts';
import type { KnownStream } from './known-streams.ts';
import type { Meter } from './meter.ts';

/** Where sound goes. */
export interface Ear {
  head(sampleRate: number): void;
  /** Whole samples, and when the first of them arrived, ms on the process's clock. */
  sound(arrivalMs: number, samples: Int16Array): void;
}

/** `over`: nothing more can come. */
export type ListenResult = 'open' | 'over';

export interface Listening {
  /** Sends what has come since the last time. */
  turn(nowMs: number, frame: Frame): ListenResult;
}

/** Beyond so many frames at a time, half a second as after a stall, the oldest are left out: it is live. */
const burstFramesMax = 25;
/** Of a participant's frame that is not heard: it was before, or is out of its place. */
export const leftOut = frameFlag.duplicate | frameFlag.late;

export class ParticipantListening implements Listening {
  private readonly stream: KnownStream;
  private readonly participant: number;
  private readonly ear: Ear;
  private meter: Meter | null = null;
  private cursor: RingCursor | null = null;
  private sampleRate = 0;
  private readonly samples: Int16Array;
  private filled = 0;
  private arrivalMs = 0;

  constructor(stream: KnownStream, participant: number, ear: Ear, frame: Frame) {
    this.stream = stream;
    this.participant = participant;
    this.ear = ear;
    this.samples = new Int16Array((burstFramesMax * frame.pcm.length) / bytesPerSample);
  }

  turn(_nowMs: number, frame: Frame): ListenResult {
    const meter = this.stream.tracks[this.participant];
    if (meter === undefined) return 'over';
    if (meter !== this.meter) this.open(meter);
    const cursor = this.cursor!;
    if (cursor.lag > burstFramesMax) cursor.resume(meter.figures.loadHead() - burstFramesMax, 0);
    this.filled = 0;
    let result = cursor.read(frame);
    for (; result === 'frame'; result = cursor.read(frame)) {
      if ((frame.flags & leftOut) === 0) this.take(frame);
      if (this.filled + frame.samples.length > this.samples.length) break;
    }
    if (this.filled > 0) this.ear.sound(this.arrivalMs, this.samples.subarray(0, this.filled));
    return result === 'ended' || result === 'gone' ? 'over' : 'open';
  }

  private take({ samples, sampleCount, arrivalMs }: Frame): void {
    if (this.filled === 0) this.arrivalMs = arrivalMs;
    for (let i = 0; i < sampleCount; i++) this.samples[this.filled + i] = samples[i]!;
    this.filled += sampleCount;
  }

  private open(meter: Meter): void {
    const isFirst = this.meter === null;
    this.meter = meter;
    this.cursor = new RingCursor(meter.place);
    // A ring that takes over from a full one is heard from its beginning.
    if (isFirst) this.cursor.skipToNewest();
    const { sampleRate } = meter.address;
    if (sampleRate !== this.sampleRate) this.ear.head(sampleRate);
    this.sampleRate = sampleRate;
  }
}
