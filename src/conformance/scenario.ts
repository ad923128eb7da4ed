/**
 * What a scenario of the conformance kit is. Types only; any thread. Invariant:
 * a scenario judges by what is seen from outside: answers, closes, pongs, times, and what the server sends.
 */
import type { Kit } from './kit.ts';

/** How it is known that ACS does this, the surest first. */
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
  /** What the server has to do, and where it may differ. */
  readonly must: string;
  readonly source: Source;
  /** What a fault here costs. */
  readonly matters: string;
  readonly remedy: string;
  /** Another call is played meanwhile, and is held up no longer than it may be. Cut off it may never be. */
  readonly isBeside?: boolean;
  /** How long it takes beyond what the timing says, at the pace of a conversation. */
  readonly takesMs?: number;
  /** Throws `Ended`, or reports its findings to the kit; no finding is a pass. */
  run(kit: Kit): Promise<void>;
}
