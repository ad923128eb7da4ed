/**
 * What the model hears of one participant: all of it, in pieces of 40 ms at the model's rate, without holes. Worker thread. A model's
 * server counts the audio that it gets, not the time: where the call sends nothing, it is sent silence, or it would wait for the end of
 * a word for ever.
 */

import { type FrameBatch, Resampler, type Track, VoiceActivity } from '../../src/index.ts';
import { frameSamples } from '../audio/frame-samples.ts';
import type { Listener } from '../audio/reading-loop.ts';
import { modelRate } from './dialect.ts';

export interface EarOptions {
  /** A piece, as base64. */
  readonly heard: (audio: string) => void;
  /** Nothing comes any more. */
  readonly ended: () => void;
  /** Told of every frame whether the caller speaks; null: the model's server finds that out. */
  readonly voice: ((isActive: boolean) => void) | null;
}

const pieceSamples = (40 * modelRate) / 1000;
const frameMs = 20;
/** So long a frame may be on its way before silence stands in for it. */
const patienceMs = 200;
/** Enough for any server to find that a turn is over. */
const silenceMsMax = 2_000;

export class Ear implements Listener {
  private readonly options: EarOptions;
  private readonly track: Track;
  private readonly resampler: Resampler;
  private readonly activity: VoiceActivity;
  private readonly frame: Int16Array;
  private readonly resampled: Int16Array;
  private readonly piece = new Int16Array(pieceSamples);
  private pieceFilled = 0;
  /** Place of the next frame on the participant's timeline, in samples. */
  private next = 0;
  /** Silence that has stood in for frames since the last one. */
  private stoodInMs = 0;

  constructor(track: Track, options: EarOptions) {
    this.options = options;
    this.track = track;
    this.activity = new VoiceActivity(track.sampleRate);
    this.resampler = new Resampler(track.sampleRate, modelRate);
    this.frame = new Int16Array((frameMs * track.sampleRate) / 1000);
    this.resampled = new Int16Array(this.resampler.outputMax(this.frame.length));
  }

  take(batch: FrameBatch, index: number): void {
    const position = batch.positionsSamples[index]!;
    const missingMs = ((position - this.next) * 1000) / this.track.sampleRate;
    if (this.next > 0) this.standIn(missingMs);
    this.stoodInMs = 0;
    const at = batch.offsets[index]!;
    const count = frameSamples(batch, index);
    this.frame.fill(0, count);
    for (let i = 0; i < count; i++) this.frame[i] = batch.samples[at + i]!;
    this.next = position + count;
    this.push();
  }

  idle(forMs: number): void {
    if (forMs > patienceMs) this.standIn(forMs - patienceMs);
  }

  end(): void {
    this.options.ended();
  }

  /** Silence for so long in all since the last frame. */
  private standIn(ms: number): void {
    for (const untilMs = Math.min(ms, silenceMsMax); this.stoodInMs + frameMs <= untilMs; this.stoodInMs += frameMs) {
      this.frame.fill(0);
      this.push();
    }
  }

  private push(): void {
    const { voice } = this.options;
    if (voice !== null) {
      this.activity.push(this.frame);
      voice(this.activity.isActive);
    }
    const count = this.resampler.push(this.frame, this.resampled);
    for (let from = 0; from < count; ) {
      const taken = Math.min(count - from, pieceSamples - this.pieceFilled);
      this.piece.set(this.resampled.subarray(from, from + taken), this.pieceFilled);
      this.pieceFilled += taken;
      from += taken;
      if (this.pieceFilled === pieceSamples) this.send();
    }
  }

  private send(): void {
    this.pieceFilled = 0;
    this.options.heard(Buffer.from(this.piece.buffer).toString('base64'));
  }
}
