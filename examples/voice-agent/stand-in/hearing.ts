/** Finds the caller's turns in what is appended, by loudness. Counts the audio it gets, not the time. */
import { VoiceActivity } from '../../../src/index.ts';
import { modelRate } from '../dialect.ts';

const frameMs = 20;
const frameSamples = (frameMs * modelRate) / 1000;
/** What a turn has before its first loud frame. */
const prefixMs = 300;
const onsetMs = 60;

export interface TurnListener {
  began(audioStartMs: number): void;
  ended(audioEndMs: number): void;
}

export class Hearing {
  /** Audio that was appended, and since the last commit. */
  appendedMs = 0;
  uncommittedMs = 0;
  private readonly activity = new VoiceActivity(modelRate);
  private readonly frame = new Int16Array(frameSamples);
  private filled = 0;

  /** `listener`: null if nobody asks for turns. */
  append(pcm: Buffer, listener: TurnListener | null): void {
    for (let at = 0; at + 1 < pcm.length; at += 2) {
      this.frame[this.filled++] = pcm.readInt16LE(at);
      if (this.filled === frameSamples) this.hear(listener);
    }
  }

  private hear(listener: TurnListener | null): void {
    this.filled = 0;
    this.appendedMs += frameMs;
    this.uncommittedMs += frameMs;
    const wasActive = this.activity.isActive;
    this.activity.push(this.frame);
    if (listener === null || this.activity.isActive === wasActive) return;
    if (wasActive) listener.ended(this.appendedMs);
    else listener.began(Math.max(0, this.appendedMs - onsetMs - prefixMs));
  }
}
