/**
 * A call whose messages a scenario chooses one by one, over one connection. Main thread. Invariant: `speak` continues at the
 * call's place on its timeline, 20 ms a frame.
 */
import { frameBytes, frameDurationMs, type SampleRate } from '../base/limits.ts';
import { audioMessage, metadataMessage } from '../simulator/message.ts';
import type { Link } from './link.ts';
import { rest } from './timing.ts';

const hertz = 440;

/** A quiet tone. */
export function tone(byteCount: number, sampleRate = 16_000): string {
  const pcm = Buffer.alloc(byteCount);
  for (let i = 0; i + 1 < byteCount; i += 2) {
    pcm.writeInt16LE(Math.round(1000 * Math.sin((Math.PI * hertz * i) / sampleRate)), i);
  }
  return pcm.toString('base64');
}

export interface CallShape {
  readonly subscriptionId: string;
  readonly sampleRate: SampleRate;
  /** Null is the mixed stream. */
  readonly participants: readonly (string | null)[];
}

export class Call {
  readonly link: Link;
  readonly shape: CallShape;
  readonly data: string;
  /** The next frame. */
  frame = 0;
  private readonly startMs = Date.now();

  constructor(link: Link, shape: CallShape) {
    this.link = link;
    this.shape = shape;
    this.data = tone(frameBytes(shape.sampleRate), shape.sampleRate);
  }

  metadata(): void {
    this.link.send(metadataMessage(this.shape.subscriptionId, this.shape.sampleRate));
  }

  timeMs(frame = this.frame): number {
    return this.startMs + frame * frameDurationMs;
  }

  timestamp(frame = this.frame): string {
    return new Date(this.timeMs(frame)).toISOString();
  }

  /** Sends one frame of every participant with the timestamp of its place, whatever was sent before. */
  say(frame: number): void {
    for (const participantId of this.shape.participants) {
      this.link.send(audioMessage({ participantId, timestamp: this.timestamp(frame), data: this.data, silent: false }));
    }
  }

  /** Sends the next frames at once. */
  speak(count = 1): void {
    for (let i = 0; i < count; i++) this.say(this.frame++);
  }

  /** Sends an audio message with other fields than it should have. */
  audio(fields: Readonly<Record<string, unknown>>): void {
    const audioData = { timestamp: this.timestamp(), data: this.data, silent: false, ...fields };
    this.link.send(JSON.stringify({ kind: 'AudioData', audioData }));
    this.frame++;
  }

  /** Continues speaking at the pace of a call. After a stall of this process all frames that are due leave at once. */
  async goOn(forMs: number): Promise<void> {
    const startMs = performance.now();
    const first = this.frame;
    for (;;) {
      const elapsedMs = performance.now() - startMs;
      if (elapsedMs >= forMs || !this.link.isOpen) return;
      this.speak(Math.max(0, Math.floor(elapsedMs / frameDurationMs) + 1 - (this.frame - first)));
      await rest(frameDurationMs);
    }
  }
}
