/** What the main thread and the agents' worker tell each other. */
import type { PlaybackHandle, RingHandle } from '../../src/index.ts';

export type ToWorker =
  /** The way into a call; again if its sample rate changes. */
  | { readonly type: 'call'; readonly playback: PlaybackHandle }
  | { readonly type: 'participant'; readonly ring: RingHandle }
  | { readonly type: 'hungUp'; readonly streamId: string }
  | { readonly type: 'stop' };

/** What happens in a call. Texts are what people said: treat them so. */
export type AgentEvent =
  | { readonly type: 'connected' }
  | { readonly type: 'lost'; readonly reason: string; readonly retryMs: number }
  | { readonly type: 'callerBegan' }
  | { readonly type: 'callerEnded' }
  | { readonly type: 'callerSaid'; readonly text: string }
  | { readonly type: 'answering'; readonly responseId: string }
  | { readonly type: 'said'; readonly itemId: string; readonly text: string }
  /** The call has heard `playedMs` of the `receivedMs` that the model had said. */
  | { readonly type: 'interrupted'; readonly itemId: string; readonly playedMs: number; readonly receivedMs: number }
  | { readonly type: 'tool'; readonly name: string; readonly input: string; readonly output: string }
  /** Something that did not work, and that the call survives. */
  | { readonly type: 'trouble'; readonly what: string }
  | { readonly type: 'ended' };

export type Tell = (event: AgentEvent) => void;

/** The worker's first message is `ready`. */
export interface FromWorker {
  readonly streamId: string;
  /** On the clock of the wall, ms. */
  readonly atMs: number;
  readonly event: AgentEvent;
}
