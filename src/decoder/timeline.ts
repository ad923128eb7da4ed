/**
 * Where a packet lies on its participant's timeline: in order, after a gap, after a pause, late, or seen before. ACS sends no
 * sequence numbers, so all is inferred from its timestamps, which are receive times: they wander while nothing is lost
 * (`stamp-grid.ts`). State lives in the ring's header; numbers in, numbers out. Worker thread.
 *
 * Unit of all steps is the duration of the newest packet (20 ms as a rule), so that other packet sizes work the same way. A
 * 64-bit window remembers which of the last 64 steps were seen; what is late belongs into a hole. Counting is never taken back:
 * a swap of two frames is one missing frame, one gap and one frame out of order; frames really lost = missing - out of order.
 *
 * A packet from further back than the window is a straggler, or ACS's clock was set back: only the packet after it tells.
 * So the first one is put behind the newest for the time being. If the next continues the newest, it takes that place; if it
 * continues the old one, the timeline resumes from there.
 */
import { onGrid } from '../memory/frame-counts.ts';
import { jitterBoundsMs } from '../memory/histogram.ts';
import type { RingFigures } from '../memory/ring-figures.ts';
import type { RingWriter } from '../ring/writer.ts';
import { ClosePlacing } from './close-placing.ts';
import type { Pcm, Placement } from './placement.ts';
import { advance } from './seen-window.ts';

/** Is told what was learnt of a participant's stamps before that changes. */
export interface StampNote {
  noteStamps(writer: RingWriter): void;
}

/** So far off its grid is a stamp that is regular: within the first bucket of the deviation's histogram. */
const steadyMs = jitterBoundsMs[0];

/**
 * Places a packet and moves the timeline.
 * @param timestampMs ACS's timestamp; NaN if it cannot be used: the packet follows the newest one
 * @param arrivalMs by our own clock, which no peer can set
 * @param pausesAreIdle unmixed mode: a long jump is a participant who was not dominant, not a loss
 */
export function place(
  writer: RingWriter,
  note: StampNote,
  timestampMs: number,
  arrivalMs: number,
  pcm: Pcm,
  pausesAreIdle: boolean,
  placement: Placement,
): void {
  const { newestSamples, gridMs } = writer;
  const offGridMs = timestampMs - gridMs;
  const isSteady =
    Math.abs(offGridMs) <= steadyMs &&
    writer.unsettled === 0 &&
    timestampMs > writer.newestTimestampMs &&
    !(arrivalMs - timestampMs < writer.leastTransitMs) &&
    newestSamples > 0 &&
    // Now and then: how far two clocks have drifted apart.
    (writer.head & 255) !== 0;
  if (isSteady) {
    // All that there is to learn was learnt, and nothing is special about this packet: as most are.
    // After a late packet or a straggler this one does follow the newest, but that is not what it would be compared with.
    const positionSamples = writer.newestPositionSamples + newestSamples;
    placement.setPlain(writer.referenceTimestampMs === writer.newestTimestampMs, positionSamples, onGrid);
    writer.gridMs = gridMs + offGridMs / 8 + pcm.durationMs;
    advance(writer, 1, timestampMs, positionSamples, pcm.length);
    return;
  }
  placement.clear();
  note.noteStamps(writer);
  look.at(writer, timestampMs, arrivalMs, pcm, placement);
  look.place(pausesAreIdle);
}

const look = new ClosePlacing();

/** Whether there are packets of which it is not known yet whether they were lost. */
export function isInDoubt(ring: RingFigures): boolean {
  return ring.doubtfulSteps > 0;
}

/** Before a ring ends: what is in doubt is lost. */
export function settleDoubt(writer: RingWriter, placement: Placement): void {
  placement.clear();
  look.settleDoubt(writer, placement);
}

/**
 * The participant moves to another ring, `to`, as if it were the same one: no gap, no pause, and the same jitter. Positions
 * begin at 0 again, directly behind the newest packet.
 */
export function carryOn(from: RingFigures, to: RingFigures): void {
  to.carryOn(from);
  const { newestSamples } = from;
  const msPerSample = 1000 / from.sampleRate;
  const nextMs = (from.newestPositionSamples + newestSamples) * msPerSample;
  to.newestPositionSamples = -newestSamples;
  to.originMs = from.originMs + nextMs;
  to.firstTimestampMs = from.newestTimestampMs + newestSamples * msPerSample;
  to.firstArrivalMs = from.firstArrivalMs + nextMs;
}
