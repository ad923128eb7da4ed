/**
 * One participant: gathers clean speech until there is enough for a voiceprint. Clean means that somebody speaks, nothing is
 * missing and nothing is clipped; what is next to each other here was so when it was said. Worker thread.
 */

import { type FrameBatch, type Track, VoiceActivity } from '../../src/index.ts';
import { frameSamples } from '../audio/frame-samples.ts';
import { PcmBuffer } from '../audio/pcm-buffer.ts';
import type { Listener } from '../audio/reading-loop.ts';
import { VoiceprintMaker } from './voiceprint.ts';

export interface CollectorEvents {
  /** Enough was heard. */
  voiceprint(voiceprint: number[], speechMs: number): void;
  ended(framesRead: number, framesLapped: number, speechMs: number): void;
}

const clippedLevel = 32_700;
/** Three windows at 24 kHz: what is not used up yet is less. */
const bufferSamples = 4_800;

function isClipped(samples: Int16Array, at: number, count: number): boolean {
  for (let i = at; i < at + count; i++) if (Math.abs(samples[i]!) >= clippedLevel) return true;
  return false;
}

export class Collector implements Listener {
  private readonly sampleRate: number;
  private readonly enoughMs: number;
  private readonly events: CollectorEvents;
  private readonly voice: VoiceActivity;
  private readonly maker: VoiceprintMaker;
  private readonly pcm = new PcmBuffer(bufferSamples);
  private next = 0;
  /** What went into the voiceprint. */
  private speechSamples = 0;
  private isDone = false;

  constructor({ sampleRate }: Track, enoughMs: number, events: CollectorEvents) {
    this.sampleRate = sampleRate;
    this.voice = new VoiceActivity(sampleRate);
    this.enoughMs = enoughMs;
    this.events = events;
    this.maker = new VoiceprintMaker(sampleRate);
  }

  take(batch: FrameBatch, frame: number): void {
    if (this.isDone) return;
    const position = batch.positionsSamples[frame]!;
    const at = batch.offsets[frame]!;
    const count = frameSamples(batch, frame);
    const isWhole = position === this.next;
    this.next = position + count;
    const state = this.voice.push(batch.samples, at, count);
    const isClean = state === 'voice' && !isClipped(batch.samples, at, count);
    if (!isWhole || !isClean) this.pcm.length = 0;
    if (!isClean) return;
    this.pcm.add(batch.samples, at, count);
    const used = this.maker.add(this.pcm.samples, this.pcm.length);
    this.pcm.keepLast(this.pcm.length - used);
    this.speechSamples += used;
    if (this.speechMs < this.enoughMs || this.maker.windows === 0) return;
    this.isDone = true;
    this.events.voiceprint(this.maker.voiceprint(), this.speechMs);
  }

  end(framesRead: number, framesLapped: number): void {
    this.events.ended(framesRead, framesLapped, this.speechMs);
  }

  private get speechMs(): number {
    return (this.speechSamples * 1000) / this.sampleRate;
  }
}
