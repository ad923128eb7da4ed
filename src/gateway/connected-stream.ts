/** A stream as a program sees it: what is known of it, and who can be read at this moment. Main thread. */
import type { PlaybackHandle } from '../playback/handle.ts';
import type { Labels } from '../ring/track.ts';
import type { Stream } from '../stream/stream.ts';
import type { Participant, StreamInfo } from './events.ts';

/** A clone of it crosses threads, with the facts alone; the way into the call has to be asked for before. */
export class ConnectedStream implements StreamInfo {
  readonly id: string;
  readonly callConnectionId: string | null;
  readonly correlationId: string | null;
  readonly labels?: Labels;
  readonly remoteAddress: string;
  readonly connectedAt: Date;
  /** By the index of its ring, which is the participant's own until it has ended. */
  readonly #participants = new Map<number, Participant>();

  readonly #playback: () => PlaybackHandle;

  constructor({ id, facts, connectedAt }: Stream, playback: () => PlaybackHandle) {
    this.id = id;
    this.callConnectionId = facts.callConnectionId;
    this.correlationId = facts.correlationId;
    if (facts.labels !== undefined) this.labels = facts.labels;
    this.remoteAddress = facts.remoteAddress;
    this.connectedAt = connectedAt;
    this.#playback = playback;
  }

  playback(): PlaybackHandle {
    return this.#playback();
  }

  get participants(): readonly Participant[] {
    return [...this.#participants.values()];
  }

  started(ringIndex: number, participant: Participant): void {
    this.#participants.set(ringIndex, participant);
  }

  ended(ringIndex: number): void {
    this.#participants.delete(ringIndex);
  }
}
