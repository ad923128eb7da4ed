/**
 * Two calls in which different languages are spoken: each hears the translation of what is said in the other. Invariants: what the
 * translator says is not translated again; a call that comes back takes the place that it had left.
 */
import {
  type Participant,
  PlaybackWriter,
  playbackTrackId,
  RingReader,
  type StreamInfo,
  type Utterance,
} from '../../src/index.ts';
import type { Translate } from './translator.ts';

interface Side {
  readonly playback: PlaybackWriter;
  /** Whose speech is translated: of mixed audio everybody's. */
  speaker: string | null | undefined;
}

async function* speechOf(reader: RingReader): AsyncIterable<Int16Array> {
  for await (const frame of reader) yield frame.samples.subarray(0, frame.sampleCount);
}

export class Room {
  private readonly translate: Translate;
  /** By stream. */
  private readonly sides = new Map<string, Side>();

  constructor(translate: Translate) {
    this.translate = translate;
  }

  /** False: there are two already. */
  join(stream: StreamInfo): boolean {
    if (this.sides.size === 2) return false;
    this.sides.set(stream.id, { playback: new PlaybackWriter(stream.playback()), speaker: undefined });
    return true;
  }

  leave(streamId: string): void {
    this.sides.delete(streamId);
  }

  get isEmpty(): boolean {
    return this.sides.size === 0;
  }

  /** Translates what the participant says, until the end. */
  async hear(participant: Participant): Promise<void> {
    const { streamId, participantId, sampleRate } = participant;
    const side = this.sides.get(streamId);
    if (side === undefined || participantId === playbackTrackId) return;
    if (side.speaker !== undefined && side.speaker !== participantId) return;
    side.speaker = participantId;
    const reader = new RingReader(participant.ring());
    let utterance: Utterance | null = null;
    let target: Side | undefined;
    for await (const samples of this.translate(speechOf(reader), sampleRate)) {
      const other = this.otherThan(side);
      if (other === undefined) continue;
      // Live: after a stall the other side hears what is said now, not what was said then.
      if (other !== target || utterance?.state !== 'open')
        utterance = other.playback.begin({ sampleRate, isLive: true });
      target = other;
      utterance.write(samples);
    }
    utterance?.end();
  }

  private otherThan(side: Side): Side | undefined {
    for (const one of this.sides.values()) if (one !== side) return one;
    return undefined;
  }
}
