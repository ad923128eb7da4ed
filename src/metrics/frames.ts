/** Frames: what reached the rings, what never came, and how regularly. */
import { laneHistograms } from '../memory/lane-counts.ts';
import { sumLanes } from '../stream/accounting.ts';
import type { Sources } from './families.ts';
import type { HistogramReading, Metrics } from './registry.ts';

const counters = [
  ['frames_committed_total', 'Frames of 20 ms written to a ring, duplicates and late ones included.', 'frames'],
  ['frames_silent_total', 'Frames that ACS flagged as silence, also in frames_committed_total.', 'silentFrames'],
  ['pcm_bytes_total', 'Bytes of PCM written to rings.', 'pcmBytes'],
  [
    'frames_missing_total',
    'Frames that should have come between two timestamps and had not when the later one came.',
    'missingFrames',
  ],
  ['gaps_total', 'Times that frames were missing.', 'gaps'],
  [
    'frames_out_of_order_total',
    'Frames that came after a later one, for the first time. Lost for good: missing - out of order.',
    'outOfOrderFrames',
  ],
  ['frames_duplicate_total', 'Frames whose timestamp and audio had come before.', 'duplicateFrames'],
  [
    'participant_pauses_total',
    'Times that a participant of unmixed audio came back after more than 500 ms without a frame. It was not dominant; no loss.',
    'pauses',
  ],
  [
    'clock_steps_total',
    "Times that ACS's timestamps jumped, back or by more than two minutes, and the arrival did not confirm it. The timeline goes on without a hole.",
    'clockSteps',
  ],
  [
    'timestamps_unusable_total',
    'Audio messages, committed all the same, whose timestamp says nothing: absent, unreadable, before 2000, or the same for more than a second.',
    'unusableStamps',
  ],
  [
    'audio_before_metadata_total',
    "Audio messages, committed all the same, that came before their stream's metadata.",
    'audioBeforeMetadata',
  ],
] as const;

const histograms = [
  ['frame_jitter_seconds', 'The estimate J of RFC 3550 after each audio message.', 'jitter'],
  [
    'frame_interarrival_deviation_seconds',
    'How far the time since the last arrival is from the duration of the packet, whichever way. Only for packets that directly follow their predecessor.',
    'deviation',
  ],
  [
    'timestamp_deviation_seconds',
    "How far a timestamp lies off the participant's own grid of timestamps: the share of the jitter that is ACS's stamping. Up to 0.5 ms adds nothing to the sum.",
    'stampDeviation',
  ],
  [
    'residence_seconds',
    'From the arrival of an audio message at our socket to the ring: the part that is ours. Includes --flush-interval-ms. The clock is read once for 16 records.',
    'residence',
  ],
] as const;

export function registerFrames(metrics: Metrics, { memory }: Sources): void {
  for (const [name, help, field] of counters) {
    metrics.counter(name, help, [], () => [[{}, sumLanes(memory, (lane) => lane[field])]]);
  }
  for (const [name, help, of] of histograms) {
    const boundsSeconds = laneHistograms[of].map((ms) => ms / 1000);
    metrics.histogram(name, help, [], boundsSeconds, () => {
      const all = memory.lanes.map((lane) => lane.histogram(of));
      const counts = Array.from({ length: boundsSeconds.length + 1 }, (_, bucket) =>
        all.reduce((sum, histogram) => sum + histogram.counts[bucket]!, 0),
      );
      const sum = all.reduce((total, histogram) => total + histogram.sum, 0) / 1000;
      // Those on their grid are not counted one by one.
      if (of === 'stampDeviation') {
        counts[0]! += Math.max(
          0,
          sumLanes(memory, (lane) => lane.committed - lane.closeLooks),
        );
      }
      return [{ labels: {}, counts, sum } satisfies HistogramReading];
    });
  }
}
