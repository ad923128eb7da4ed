/** The limits of several processes on one port, each with what it costs. */
import { threadReadyMsMax } from './limits.ts';

/** How often a process of `--processes` says that its event loop turns, and how often its parent looks. Costs two messages a second. */
export const processBeatMs = 500;
export const processLookMs = 250;

/** A process hangs when it is silent for --thread-timeout-ms, but not before some beats are missing. */
export const processHangMsMin = 4 * processBeatMs;

/** A process that is not ready after so long never will be: longer than its sinks may take. */
export const processReadyMsMax = threadReadyMsMax + 10_000;

/** How long to wait before a process that died or hung is started again: doubled each time until one has lived for a while. */
export const processRestartMs = { first: 100, most: 5_000, lived: 10_000 } as const;

/** What a process may take for an answer to its parent; then it is left out. */
export const processAnswerMsMax = 3_000;

/** How long it is remembered which stream of a process that is gone had a subscription: its caller dials again at once, or never. */
export const goneStreamMs = 60_000;
