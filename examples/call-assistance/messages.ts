/** What the worker tells the main thread. Plain objects: they cross threads. */
import type { Track } from '../../src/index.ts';

/** Somebody spoke, from the first voice to the last. */
export interface Turn {
  readonly participantId: string | null;
  /** On the participant's own timeline, ms since the first frame. */
  readonly startMs: number;
  readonly endMs: number;
  /** By ACS's clock, ms since the epoch: turns of different participants are compared by it. */
  readonly startedAtMs: number;
}

export type FromWorker =
  | { readonly type: 'turnBegan'; readonly track: Track; readonly startMs: number }
  | { readonly type: 'turnEnded'; readonly track: Track; readonly turn: Turn }
  /**
   * Two spoke at once. `second` came in while `first` was speaking, and either `first` gave way (an interruption) or went on
   * to the end of the other's turn (a "yes", a cough, a failed attempt).
   */
  | {
      readonly type: 'overlap';
      readonly streamId: string;
      readonly first: Turn;
      readonly second: Turn;
      readonly overlapMs: number;
      readonly isInterruption: boolean;
    }
  | { readonly type: 'text'; readonly track: Track; readonly startMs: number; readonly text: string }
  | { readonly type: 'ended'; readonly track: Track; readonly framesRead: number; readonly framesLapped: number };

export type Tell = (message: FromWorker) => void;
