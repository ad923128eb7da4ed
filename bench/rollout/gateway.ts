/** A gateway and a stream, as far as a rollout sees them. */

/** Starting: not ready yet. Draining: takes nothing new. Gone: its process has ended. */
export type GatewayState = 'starting' | 'ready' | 'draining' | 'gone';

export interface Stream {
  readonly endsAt: number;
  /** Null: it has none, and waits for one. */
  gateway: Gateway | null;
  /** How often it was closed with 1001. */
  cuts: number;
  wasRefused: boolean;
  /** Since when it has been without a gateway. */
  waitsSince: number;
  hasEnded: boolean;
}

export class Gateway {
  readonly number: number;
  readonly streams = new Set<Stream>();
  state: GatewayState = 'starting';
  /** Told once, when it is. */
  onReady: () => void = () => {};
  onGone: () => void = () => {};

  constructor(number: number) {
    this.number = number;
  }
}
