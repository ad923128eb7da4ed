/**
 * What a perfect recorder ends up with: every frame that was sent, once, at its place in time, and zeros for the others.
 * Pure; any thread. Invariant: computed from the seed and the plan alone, never from what a server answered.
 */
import { GatewayError } from '../base/errors.ts';
import { frameBytes } from '../base/limits.ts';
import type { AudioPlace } from './audio.ts';
import { plannedCall } from './churn.ts';
import { Expectation } from './expectation.ts';
import { completeShape, type RunShape, type SimulateOptions } from './options.ts';
import { ParticipantPlan, sendingOrder } from './plan.ts';

/** The streams of a call: at least one, for the mixed stream is one too. */
export function streamCount(shape: { readonly participants: number }): number {
  return Math.max(1, shape.participants);
}

export function placeOf(shape: RunShape, call: number, participant: number): AudioPlace {
  return shape.audio.place(call * streamCount(shape) + participant);
}

/** What is needed to draw the timeline of one participant. */
export interface Recording {
  readonly place: AudioPlace;
  readonly plan: ParticipantPlan;
  readonly sent: Expectation;
}

/** The PCM of the frames from `from` to before `to`. */
export function renderFrames(recording: Recording, from: number, to: number, bytesPerFrame: number): Uint8Array {
  const { place, plan, sent } = recording;
  const out = new Uint8Array((to - from) * bytesPerFrame);
  for (let index = from; index < to; index++) {
    if (!sent.has(index) || plan.isSilent(index)) continue;
    out.set(place.loop.pcm(place.offset + index), (index - from) * bytesPerFrame);
  }
  return out;
}

/**
 * The PCM that a recording of this participant must hold, bit for bit, if the call runs to its end: 16-bit little-endian
 * mono, from the first frame to the last. `options` are those of the run; in a mixed call the participant is 0.
 */
export function expectedTimeline(options: Omit<SimulateOptions, 'url'>, call: number, participant: number): Uint8Array {
  const shape = completeShape(options);
  if (shape.bargeInMs > 0)
    throw new GatewayError('bad_settings', 'what callers say who interrupt depends on the server');
  const planned = plannedCall(call, shape);
  if (planned === null || participant >= streamCount(shape)) {
    throw new GatewayError('bad_settings', `the run has no participant ${participant} in a call ${call}`);
  }
  const plan = new ParticipantPlan(shape.seed, call, participant, planned.frameCount, shape);
  const sent = new Expectation(planned.frameCount, shape.participants === 0);
  for (const index of sendingOrder(plan)) sent.note(index, plan.isSilent(index));
  const recording = { place: placeOf(shape, call, participant), plan, sent };
  return renderFrames(recording, 0, planned.frameCount, frameBytes(shape.sampleRate));
}
