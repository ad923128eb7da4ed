/**
 * The sink `nats:`: each frame as a message, for consumers on other machines. Publishes in rounds and keeps nothing: until
 * the server has confirmed a round, its frames are still in their rings, and are read from there again when the connection
 * breaks. What is overwritten meanwhile counts as lapped; nothing else can be lost on this side. Sink thread.
 */

import { frameDurationMs } from '../../base/limits.ts';
import type { NatsSinkSpec } from '../../config/nats-spec.ts';
import type { Checkpoint } from '../progress.ts';
import type { RecordedCall, Sink, SinkContext, SinkStream, Track, TrackWriter } from '../sink.ts';
import { NatsLink } from './nats-link.ts';
import { NatsSpeech } from './nats-speech.ts';
import { NatsTrack, type Publish } from './nats-track.ts';
import { callSubject } from './subjects.ts';

/** Every turn of the loop: frames are wanted live. */
const liveIntervalMs = 5;
/** A consumer that learns of a participant has so long to subscribe before the first frame. */
const leadMs = 100;
/** What may be on its way at a time. Bounds what is published twice when a connection breaks. */
const roundBytesMax = 4 * 2 ** 20;
/** Recorded calls that wait for a server that is away. */
const callsMax = 1000;
/** Subject and headers of a message, about. */
const messageOverheadBytes = 300;

export class NatsSink implements Sink {
  readonly readIntervalMs: number;
  readonly leadMs = leadMs;
  readonly needsEveryFrame = true;
  private readonly spec: NatsSinkSpec;
  private readonly link: NatsLink;
  /** Null while agents do not speak. */
  private speech: NatsSpeech | null = null;
  /** Who published in this round, by the subject of the frames. */
  private readonly inRound = new Map<string, Set<NatsTrack>>();
  private report: (error: unknown) => void = () => {};
  private roundBytes = 0;
  /** Recorded calls to tell of, and how many of them were in this round. */
  private readonly calls: RecordedCall[] = [];
  private callsTold = 0;

  constructor(spec: NatsSinkSpec) {
    this.spec = spec;
    this.readIntervalMs = spec.framesPerMessage === 1 ? liveIntervalMs : spec.framesPerMessage * frameDurationMs;
    this.link = new NatsLink(spec, {
      onError: (error) => this.report(error),
      onRefused: (subject) => this.refused(subject),
    });
  }

  get isReady(): boolean {
    return this.link.isReady && this.roundBytes < roundBytesMax;
  }

  get speaks(): boolean {
    return this.spec.playback;
  }

  async start({ isRestart, report, spoken }: SinkContext): Promise<void> {
    this.report = report;
    if (isRestart) this.link.resume();
    else await this.link.start();
    if (!this.spec.playback) return;
    this.speech = new NatsSpeech(this.spec, report, spoken);
    this.speech.start();
  }

  streamStarted(stream: SinkStream): void {
    this.speech?.streamStarted(stream);
  }

  streamOver(stream: SinkStream): void {
    this.speech?.streamOver(stream);
  }

  open(track: Track, checkpoint: Checkpoint): TrackWriter {
    return new NatsTrack(track, checkpoint, this.spec, this.publish);
  }

  /** What cannot be published now is published when the server is back. */
  callRecorded(call: RecordedCall): void {
    if (this.calls.length < callsMax) this.calls.push(call);
    else this.report(new Error(`${callsMax} recorded calls wait to be announced: another one is dropped`));
  }

  settle(): Promise<void> | null {
    this.tellCalls();
    if (this.roundBytes === 0) return null;
    const confirmed = this.link.confirm().then(() => {
      this.calls.splice(0, this.callsTold);
    });
    return confirmed.finally(() => {
      this.callsTold = 0;
      this.roundBytes = 0;
      for (const tracks of this.inRound.values()) for (const track of tracks) track.beginRound();
      this.inRound.clear();
    });
  }

  streamEnded(): void {}

  async close(): Promise<void> {
    await Promise.all([this.speech?.close(), this.link.close()]);
  }

  private readonly publish: Publish = (track, subject, payload, headers, messageId) => {
    const tracks = this.inRound.get(track.subject);
    if (tracks === undefined) this.inRound.set(track.subject, new Set([track]));
    else tracks.add(track);
    this.roundBytes += payload.length + messageOverheadBytes;
    this.link.publish(subject, payload, headers, messageId);
  };

  private tellCalls(): void {
    if (!this.link.isReady) return;
    for (const call of this.calls) {
      const subject = `${callSubject(this.spec.prefix, call)}.call.recorded.event`;
      const payload = Buffer.from(JSON.stringify({ type: 'recorded', ...call }));
      this.roundBytes += payload.length + messageOverheadBytes;
      this.callsTold++;
      this.link.publish(subject, payload, [], `${call.streamId}-${call.folder}`);
    }
  }

  private refused(subject: string): void {
    this.report(new Error('the server does not permit to publish on our subjects'));
    // Not of an event's subject: then the frames' may be permitted.
    for (const track of this.inRound.get(subject) ?? []) track.refused();
  }
}
