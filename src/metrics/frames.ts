/** Frames: what reached the rings, what never came, and how regularly. */
import { jitterBoundsMs, lane, residenceBoundsMs } from '../memory/layout.ts';
import { sumLanes } from '../stream/accounting.ts';
import type { Sources } from './families.ts';
import type { HistogramReading, Metrics } from './registry.ts';

const counters = [
  ['frames_committed_total', 'Frames of 20 ms written to a ring.', lane.frames],
  ['frames_silent_total', 'Frames that ACS flagged as silence.', lane.silentFrames],
  ['pcm_bytes_total', 'Bytes of PCM written to rings.', lane.pcmBytes],
  ['frames_missing_total', 'Frames that never came, inferred from timestamps.', lane.missingFrames],
  ['gaps_total', 'Jumps of the timestamps by more than one and a half frames.', lane.gaps],
  ['frames_duplicate_total', 'Frames whose timestamp came before.', lane.duplicateFrames],
  ['frames_out_of_order_total', 'Frames that came after a later one.', lane.outOfOrderFrames],
  ['audio_before_metadata_total', 'Audio messages that came before any metadata.', lane.audioBeforeMetadata],
] as const;

const histograms = [
  ['frame_jitter_seconds', 'Interarrival jitter J of RFC 3550 at every message.', lane.jitter, jitterBoundsMs],
  [
    'frame_interarrival_deviation_seconds',
    'Deviation of the inter-arrival time from the duration.',
    lane.deviation,
    jitterBoundsMs,
  ],
  [
    'residence_seconds',
    'Time from the arrival of a message to its frames being in the ring.',
    lane.residence,
    residenceBoundsMs,
  ],
] as const;

export function registerFrames(metrics: Metrics, { memory }: Sources): void {
  for (const [name, help, field] of counters) metrics.counter(name, help, [], () => [[{}, sumLanes(memory, field)]]);
  for (const [name, help, field, boundsMs] of histograms) {
    const boundsSeconds = boundsMs.map((ms) => ms / 1000);
    metrics.histogram(name, help, boundsSeconds, () => {
      const counts = Array.from({ length: boundsSeconds.length + 1 }, (_, i) => sumLanes(memory, field + 8 * i));
      const sum = sumLanes(memory, field + 8 * counts.length) / 1000;
      return [{ labels: {}, counts, sum } satisfies HistogramReading];
    });
  }
}
