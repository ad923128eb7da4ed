/** What the caller of a call does beside its plan: interrupts, or says what is to come back. Main thread. */
import type { EchoCall } from './echo-test.ts';
import type { Interrupter } from './interrupter.ts';

export interface CallerRole {
  readonly interrupter: Interrupter | null;
  readonly echo: EchoCall | null;
}

export const plainRole: CallerRole = Object.freeze({ interrupter: null, echo: null });
