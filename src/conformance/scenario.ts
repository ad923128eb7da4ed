/**
 * What a scenario of the conformance kit is. Types only; any thread. Invariant:
 * a scenario judges from outside: by answers, closes, pongs, times, and what the server sends.
 */
import type { Kit } from './kit.ts';

/** How certain it is that ACS does this, the most certain first. */
export const sources = {
  documented: "Microsoft's documentation",
  'official code': "Microsoft's SDKs and samples",
  observed: 'captures and reports of real calls',
  inferred: 'follows from what is known; documented nowhere',
  websocket: 'RFC 6455, which ACS is a client of',
  internet: 'not ACS: what every public address meets',
} as const;
export type Source = keyof typeof sources;

export interface Scenario {
  /** As `--only` takes it. */
  readonly name: string;
  /** What the peer does. */
  readonly does: string;
  /** What the server must do, and where it may differ. */
  readonly must: string;
  readonly source: Source;
  /** What a fault here costs. */
  readonly matters: string;
  readonly remedy: string;
  /** Another call runs meanwhile; it may be delayed up to the limit, and never be cut off. */
  readonly isBeside?: boolean;
  /** Extra time for a conversation at its own pace, beyond the timing. */
  readonly takesMs?: number;
  /** Throws `Ended`, or reports findings to the kit; none is a pass. */
  run(kit: Kit): Promise<void>;
}
