/**
 * One participant as it is published to NATS: `started` some time before its first frame, so that a consumer can subscribe; its
 * frames; `running` every few seconds, so that late subscribers learn of it; `ended` with the account. Sink thread.
 */
import { randomInt } from 'node:crypto';
import type { NatsSinkSpec } from '../../config/nats-spec.ts';
import type { Frame } from '../../ring/frame.ts';
import { labelled } from '../../ring/track.ts';
import type { Checkpoint } from '../progress.ts';
import type { Track, TrackEnd, TrackWriter } from '../sink.ts';
import { batchHeaders, frameHeaders, putRecord, recordBytesMax } from './nats-frame.ts';
import { participantSubject, speechSubject } from './subjects.ts';

/** Where the numbers of a track stand in its checkpoint. */
const kept = {
  /** Names the track to consumers; 0 before it has one. */
  number: 0,
  /** When an event said that it is there, ms since the epoch; 0 if none did. */
  announcedMs: 1,
  /** Frames that never came. */
  missing: 2,
  /** Behind the last sample, on the participant's timeline. */
  endSamples: 3,
} as const;

const runningIntervalMs = 5000;
const trackNumberMax = 2 ** 48 - 1;

export type Publish = (
  track: NatsTrack,
  subject: string,
  payload: Uint8Array,
  headers: readonly (readonly [string, string])[],
  messageId: string,
) => void;

export class NatsTrack implements TrackWriter {
  readonly isOpen = true;
  readonly subject: string;
  private readonly track: Track;
  private readonly checkpoint: Checkpoint;
  private readonly publish: Publish;
  private readonly id: string;
  /** As a query: escaped, one line. */
  private readonly labels: string;
  private readonly framesPerMessage: number;
  /** Where agents speak into its call; null: nowhere. */
  private readonly playback: string | null;
  private readonly batchFramesMax: number;
  /** The message that is being filled, if it has several frames. */
  private readonly batch: Buffer | null;
  private batchBytes = 0;
  private batchFrames = 0;
  private batchFirst = 0;
  /** Frames published since the last round began. */
  private framesInRound = 0;

  constructor(track: Track, checkpoint: Checkpoint, spec: NatsSinkSpec, publish: Publish) {
    this.track = track;
    this.checkpoint = checkpoint;
    this.publish = publish;
    this.subject = participantSubject(spec.prefix, track);
    this.framesPerMessage = spec.framesPerMessage;
    this.playback = spec.playback ? speechSubject(spec.prefix, track) : null;
    // A reading that comes a little late finds more; they had better not become a message of their own.
    this.batchFramesMax = Math.ceil(spec.framesPerMessage * 1.5);
    this.batch = spec.framesPerMessage === 1 ? null : Buffer.alloc(this.batchFramesMax * recordBytesMax);
    const { own } = checkpoint;
    if (own[kept.number] === 0) {
      own[kept.number] = randomInt(1, trackNumberMax);
      // What is published again must come under the same name.
      checkpoint.keep();
    }
    this.id = own[kept.number]!.toString(36);
    this.labels = track.labels === undefined ? '' : new URLSearchParams(track.labels).toString();
    if (own[kept.announcedMs] === 0) this.announce('started');
  }

  write(frame: Frame): void {
    this.measure(frame);
    if (this.batch === null) {
      const pcm = Uint8Array.prototype.slice.call(frame.pcm, 0, frame.pcmBytes);
      const headers = frameHeaders(frame, this.id, this.track.sampleRate, this.labels);
      this.publish(this, this.subject, pcm, headers, `${this.id}-${frame.sequence}`);
      this.framesInRound++;
      return;
    }
    if (this.batchFrames === 0) this.batchFirst = frame.sequence;
    this.batchBytes += putRecord(this.batch, this.batchBytes, frame);
    this.batchFrames++;
    if (this.batchFrames === this.batchFramesMax) this.publishBatch(this.batch);
  }

  flush(): void {
    if (this.batch !== null && this.batchFrames > 0) {
      try {
        this.publishBatch(this.batch);
      } catch (error) {
        this.checkpoint.framesLost++;
        throw error;
      }
    }
    if (Date.now() - this.checkpoint.own[kept.announcedMs]! >= runningIntervalMs) this.announce('running');
  }

  end({ framesRead, framesLapped }: TrackEnd): void {
    const frames = framesRead + framesLapped;
    const { own, framesLost } = this.checkpoint;
    const durationMs = Math.round((own[kept.endSamples]! * 1000) / this.track.sampleRate);
    this.announce('ended', { frames, missing: own[kept.missing], lapped: framesLapped, lost: framesLost, durationMs });
  }

  /** As a recording counts: a late frame fills a hole, unless ACS's clock was set. */
  private measure(frame: Frame): void {
    const { own } = this.checkpoint;
    own[kept.missing]! += frame.missingBefore;
    if (frame.late && !frame.resumed && frame.positionSamples >= 0) own[kept.missing]! -= 1;
    own[kept.endSamples] = Math.max(own[kept.endSamples]!, frame.positionSamples + frame.sampleCount);
  }

  /** A round begins: what is published from now on is confirmed or refused with it. */
  beginRound(): void {
    this.framesInRound = 0;
  }

  /** The server takes no frame of this round. */
  refused(): void {
    this.checkpoint.framesLost += this.framesInRound;
    this.framesInRound = 0;
  }

  private publishBatch(batch: Buffer): void {
    const { batchBytes, batchFrames, batchFirst } = this;
    this.batchBytes = 0;
    this.batchFrames = 0;
    const headers = batchHeaders(this.id, this.track.sampleRate, batchFirst, batchFrames, this.labels);
    const messageId = `${this.id}-${batchFirst}-${batchFirst + batchFrames - 1}`;
    try {
      this.publish(this, this.subject, Uint8Array.prototype.slice.call(batch, 0, batchBytes), headers, messageId);
      this.framesInRound += batchFrames;
    } catch (error) {
      // The caller counts the last frame as lost, as that of `write`.
      this.checkpoint.framesLost += batchFrames - 1;
      throw error;
    }
  }

  private announce(type: 'started' | 'running' | 'ended', account = {}): void {
    const nowMs = Date.now();
    const { track, subject } = this;
    const event = {
      type,
      time: new Date(nowMs).toISOString(),
      track: this.id,
      subject,
      streamId: track.streamId,
      callConnectionId: track.callConnectionId,
      correlationId: track.correlationId,
      ...labelled(track),
      participantId: track.participantId,
      sampleRate: track.sampleRate,
      framesPerMessage: this.framesPerMessage,
      ...(this.playback !== null && { playback: this.playback }),
      ...account,
    };
    this.publish(this, `${subject}.event`, Buffer.from(JSON.stringify(event)), [], `${this.id}-${type}-${nowMs}`);
    this.checkpoint.own[kept.announcedMs] = nowMs;
  }
}
