/** What turns utterances into text: the one interface to put a recogniser of your own behind. Worker thread. */
import { levelDb, type Track } from '../../src/index.ts';

/** What somebody said between two pauses. */
export interface Utterance {
  readonly track: Track;
  /** Where it begins on the participant's timeline, ms since the first frame. */
  readonly startMs: number;
  /** 16-bit PCM, mono, at the track's rate. Its own memory: keep it as long as you like. */
  readonly samples: Int16Array<ArrayBuffer>;
}

export interface Recogniser {
  /** Takes an utterance; returns at once. */
  push(utterance: Utterance): void;
  /** No utterance of this participant follows. */
  end(track: Track): void;
  /** Resolves when everything that was pushed has its text, or never will. */
  close(): Promise<void>;
}

/** What is done with the text of an utterance. */
export type TellText = (utterance: Utterance, text: string) => void;

/** Understands nothing; says what a recogniser would be given. */
export class ConsoleRecogniser implements Recogniser {
  private readonly tell: TellText;

  constructor(tell: TellText) {
    this.tell = tell;
  }

  push(utterance: Utterance): void {
    const { samples, track } = utterance;
    const seconds = (samples.length / track.sampleRate).toFixed(2);
    this.tell(utterance, `[${seconds} s at ${levelDb(samples, 0, samples.length).toFixed(0)} dB]`);
  }
  end(): void {}
  async close(): Promise<void> {}
}
