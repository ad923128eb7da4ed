/** What all calls of a run share. Types only. */

import type { TimerWheel } from '../base/timer-wheel.ts';
import type { Hearing } from './hearing.ts';
import type { TimestampWriter } from './message.ts';
import type { RunOptions } from './options.ts';
import type { Tally } from './tally.ts';

export interface CallContext {
  readonly options: RunOptions;
  readonly wheel: TimerWheel;
  /** Milliseconds that never go back, and those since 1970. */
  readonly clock: () => number;
  readonly wallClock: () => number;
  /** When the run began, on the clock. */
  readonly begunAt: number;
  readonly tally: Tally;
  readonly timestamps: TimestampWriter;
  readonly patience: Patience;
  readonly hearing: Hearing;
}

/** What a server that is slow or dead is granted. */
export interface Patience {
  /** Frames of a call are skipped while more than this waits for its server. */
  readonly bufferedBytesMax: number;
  /** To take what is left when the last frame was due. */
  readonly flushGraceMs: number;
  /** To answer our close, or to finish its own. */
  readonly closeGraceMs: number;
}
