/**
 * Who is hung up when. A line is the place of one of the calls held at a time; with churn several calls in turn are on it.
 * Hang-ups are dealt to the lines in turn, at equal distances in time. Pure; any thread. Invariant: the calls of a line have
 * together exactly the frames of one call that is never hung up, so churn changes who speaks but not how much is said.
 */
import { framesPerSecond } from '../base/limits.ts';

/** Most hang-ups a second for one line: a call then lives 200 ms. */
export const churnPerCallMax = 5;

export interface ChurnShape {
  readonly calls: number;
  readonly churn: number;
  readonly frameCount: number;
}

export interface PlannedCall {
  /** The number of the call in the run: replacements are numbered after the first calls, in the order of the hang-ups. */
  readonly call: number;
  readonly frameCount: number;
  /** Frames of the calls before it on its line. */
  readonly startFrame: number;
}

/** The calls of one line, in order: a generator, for a long run with much churn has more of them than fit into memory. */
export function* callsOfLine(line: number, shape: ChurnShape): Generator<PlannedCall, undefined> {
  const { calls, churn, frameCount } = shape;
  let call = line;
  let startFrame = 0;
  for (let hangUp = line; churn > 0; hangUp += calls) {
    const at = Math.max(startFrame + 1, Math.round(((hangUp + 1) / churn) * framesPerSecond));
    if (at >= frameCount) break;
    yield { call, frameCount: at - startFrame, startFrame };
    startFrame = at;
    call = calls + hangUp;
  }
  yield { call, frameCount: frameCount - startFrame, startFrame };
}

/** The plan of one call, or null if the run has no such call. */
export function plannedCall(call: number, shape: ChurnShape): PlannedCall | null {
  for (const planned of callsOfLine(call % shape.calls, shape)) {
    if (planned.call === call) return planned;
  }
  return null;
}
