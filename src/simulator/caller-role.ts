/** What the caller of a call does beside its plan: interrupts, or says what is to come back. Main thread. */
import type { CallContext } from './call-context.ts';
import { EchoCall } from './echo-test.ts';
import { Interrupter } from './interrupter.ts';
import { streamCount } from './timeline.ts';

export interface CallerRole {
  readonly interrupter: Interrupter | null;
  readonly echo: EchoCall | null;
}

export const plainRole: CallerRole = Object.freeze({ interrupter: null, echo: null });

/** What the call has heard so far. */
interface HeardSoFar {
  playedMs(now: number): number;
  readonly emptyAt: number;
}

/** `startAt`: when the call began. `heard`: null as long as nothing was said to it. */
export function makeRole(
  context: CallContext,
  call: number,
  startAt: number,
  heard: () => HeardSoFar | null,
): CallerRole {
  const { options, hearing } = context;
  const { echo, interruptions } = hearing;
  if (echo === null && interruptions === null) return plainRole;
  const ear = { playedMs: (now: number) => heard()?.playedMs(now) ?? 0, emptyAt: () => heard()?.emptyAt ?? startAt };
  const ordinal = call * streamCount(options);
  return {
    interrupter: interruptions && new Interrupter(options.bargeInMs, interruptions, ear),
    echo: echo && new EchoCall(ordinal, options.sampleRate, startAt, echo),
  };
}
