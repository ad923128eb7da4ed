/** What one consumer has heard of one track: puts its PCM together by position and keeps the books by sequence number. */
import { createHash } from 'node:crypto';
import type { HeardEvent, HeardFrame } from './message.ts';

/** Plain, so that it crosses processes. */
export interface TrackReport {
  readonly track: string;
  readonly subject: string;
  readonly sampleRate: number;
  /** Each with when it came. */
  readonly events: readonly (HeardEvent & { readonly atMs: number })[];
  /** Different frames. */
  readonly received: number;
  /** Frames that came once more. */
  readonly repeated: number;
  /** Of the frames that the track has, as its `ended` says; until then, of those up to the newest. */
  readonly missing: number;
  /** Frames whose number is lower than that of one before, and that are not repeated. */
  readonly disordered: number;
  readonly silent: number;
  readonly duplicate: number;
  readonly late: number;
  readonly missingBefore: number;
  readonly firstFrameMs: number;
  /** Of the PCM, each frame at its position. */
  readonly sha256: string;
  readonly bytes: number;
  /** What each frame said, if that was asked for. */
  readonly facts: readonly Omit<HeardFrame, 'pcm'>[];
}

export class HeardTrack {
  readonly events: (HeardEvent & { atMs: number })[] = [];
  isEnded = false;
  received = 0;
  repeated = 0;
  private readonly track: string;
  private readonly keepsFacts: boolean;
  private subject = '';
  private sampleRate = 0;
  private readonly seen = new Set<number>();
  private newest = -1;
  private disordered = 0;
  private silent = 0;
  private duplicate = 0;
  private late = 0;
  private missingBefore = 0;
  private firstFrameMs = 0;
  private pcm = Buffer.alloc(64 * 1024);
  private bytes = 0;
  private readonly facts: Omit<HeardFrame, 'pcm'>[] = [];

  constructor(track: string, keepsFacts: boolean) {
    this.track = track;
    this.keepsFacts = keepsFacts;
  }

  event(event: HeardEvent, atMs: number): void {
    this.events.push({ ...event, atMs });
    if (event.type === 'ended') this.isEnded = true;
  }

  frame(subject: string, sampleRate: number, frame: HeardFrame, atMs: number): void {
    if (this.firstFrameMs === 0) this.firstFrameMs = atMs;
    if (this.subject !== '' && this.subject !== subject) throw new Error('a track changed its subject');
    this.subject = subject;
    this.sampleRate = sampleRate;
    if (this.seen.has(frame.sequence)) {
      this.repeated++;
      return;
    }
    this.seen.add(frame.sequence);
    this.received++;
    if (frame.sequence < this.newest) this.disordered++;
    this.newest = Math.max(this.newest, frame.sequence);
    if (this.keepsFacts) {
      const { pcm: _, ...facts } = frame;
      this.facts.push(facts);
    }
    this.missingBefore += frame.missingBefore;
    if (frame.silent) this.silent++;
    if (frame.late) this.late++;
    if (frame.duplicate) this.duplicate++;
    else this.place(frame.position * 2, frame.pcm);
  }

  private place(at: number, pcm: Uint8Array): void {
    if (at < 0) return;
    if (at + pcm.length > this.pcm.length) {
      this.pcm = Buffer.concat([this.pcm, Buffer.alloc(Math.max(this.pcm.length, at + pcm.length - this.pcm.length))]);
    }
    this.pcm.set(pcm, at);
    this.bytes = Math.max(this.bytes, at + pcm.length);
  }

  report(): TrackReport {
    const { track, subject, sampleRate, events, received, repeated, disordered, silent, duplicate, late } = this;
    const { missingBefore, firstFrameMs, facts, bytes } = this;
    const frames = events.find(({ type }) => type === 'ended')?.frames ?? this.newest + 1;
    const sha256 = createHash('sha256').update(this.pcm.subarray(0, bytes)).digest('hex');
    const missing = frames - received;
    return {
      ...{ track, subject, sampleRate, events, received, repeated, missing, disordered, silent, duplicate, late },
      ...{ missingBefore, firstFrameMs, facts, bytes, sha256 },
    };
  }
}
