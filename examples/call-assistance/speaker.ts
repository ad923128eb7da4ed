/**
 * One participant: finds the turns, keeps the audio of the one that continues, hands utterances over. Allocates once per
 * utterance, not per frame. Invariant: `pcm` ends at `next`. Worker thread.
 */

import { type FrameBatch, type Track, VoiceActivity } from '../../src/index.ts';
import { frameSamples } from '../audio/frame-samples.ts';
import { PcmBuffer } from '../audio/pcm-buffer.ts';
import type { Listener } from '../audio/reading-loop.ts';
import type { Turn } from './messages.ts';
import type { Utterance } from './recogniser.ts';

export interface SpeakerEvents {
  turnBegan(startMs: number, startedAtMs: number): void;
  turnEnded(turn: Turn): void;
  utterance(utterance: Utterance): void;
  ended(framesRead: number, framesLapped: number): void;
}

/** What an utterance has around the voice: soft beginnings and ends of words are below every threshold. */
const marginMs = 200;
/** A turn that continues for longer is handed over in pieces: memory, and a recogniser's patience, are limited. */
const utteranceMsMax = 15_000;
/** Who sends nothing for so long has stopped. ACS sends the four loudest at most, and tells nobody when that changes. */
const idleMsMax = 1_000;
const frameMs = 20;

export class Speaker implements Listener {
  private readonly track: Track;
  private readonly events: SpeakerEvents;
  private readonly voice: VoiceActivity;
  private readonly pcm: PcmBuffer;
  /** Places on the participant's timeline, in samples: of the next frame, of the turn's first and last voice. */
  private next = 0;
  private turnStart = 0;
  private voiceEnd = 0;
  /** When the timeline's beginning was, by ACS's clock. */
  private beganAtMs = 0;

  constructor(track: Track, events: SpeakerEvents) {
    this.track = track;
    this.events = events;
    this.voice = new VoiceActivity(track.sampleRate);
    this.pcm = new PcmBuffer(this.samplesIn(4 * marginMs));
  }

  take(batch: FrameBatch, frame: number): void {
    const position = batch.positionsSamples[frame]!;
    const at = batch.offsets[frame]!;
    const count = frameSamples(batch, frame);
    if (position > this.next) this.skipTo(position);
    const timestampMs = batch.timestampsMs[frame]!;
    // If ACS said no time, when the frame came: both are wall clocks, and differ by the way here.
    const atMs = Number.isNaN(timestampMs) ? performance.timeOrigin + batch.arrivalsMs[frame]! : timestampMs;
    this.beganAtMs = atMs - this.inMs(position);

    const wasActive = this.voice.isActive;
    const before = this.voice.state;
    const after = this.voice.push(batch.samples, at, count);
    this.pcm.add(batch.samples, at, count);
    this.next = position + count;
    if (after === 'onset' && before === 'quiet') this.turnStart = position;
    if (after === 'voice') this.voiceEnd = this.next;
    if (this.voice.isActive) {
      if (!wasActive) this.events.turnBegan(this.inMs(this.turnStart), this.beganAtMs + this.inMs(this.turnStart));
      if (this.pcm.length >= this.samplesIn(utteranceMsMax)) this.handOver(this.next);
    } else if (wasActive) this.finishTurn();
    else if (this.pcm.length > this.samplesIn(2 * marginMs)) this.pcm.keepLast(this.samplesIn(marginMs));
  }

  idle(forMs: number): void {
    if (forMs >= idleMsMax && this.voice.isActive) this.finishTurn();
  }

  end(framesRead: number, framesLapped: number): void {
    if (this.voice.isActive) this.finishTurn();
    this.events.ended(framesRead, framesLapped);
  }

  /** What is before the position never came, or not in time: silence in a turn, and if it is long, the end of it. */
  private skipTo(position: number): void {
    const wasActive = this.voice.isActive;
    const samples = position - this.next;
    this.voice.skip(Math.ceil(this.inMs(samples) / frameMs));
    if (wasActive && !this.voice.isActive) this.finishTurn();
    if (this.voice.isActive) this.pcm.addSilence(samples);
    else this.pcm.length = 0;
    this.next = position;
  }

  private finishTurn(): void {
    this.voice.reset();
    const startMs = this.inMs(this.turnStart);
    const endMs = this.inMs(this.voiceEnd);
    const { participantId } = this.track;
    this.events.turnEnded({ participantId, startMs, endMs, startedAtMs: this.beganAtMs + startMs });
    this.handOver(Math.min(this.next, this.voiceEnd + this.samplesIn(marginMs)));
  }

  /** Hands over the turn up to `end`, and keeps what is behind it. */
  private handOver(end: number): void {
    const bufferStart = this.next - this.pcm.length;
    const start = Math.max(bufferStart, this.turnStart - this.samplesIn(marginMs));
    if (end > start) {
      const samples = this.pcm.samples.slice(start - bufferStart, end - bufferStart);
      this.events.utterance({ track: this.track, startMs: this.inMs(start), samples });
    }
    this.pcm.keepLast(Math.min(this.next - end, this.samplesIn(marginMs)));
  }

  private inMs(samples: number): number {
    return (samples * 1000) / this.track.sampleRate;
  }
  private samplesIn(ms: number): number {
    return (ms * this.track.sampleRate) / 1000;
  }
}
