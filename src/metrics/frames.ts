/** Frames: what reached the rings, what never came, and how regularly. */
import { laneHistograms } from '../memory/lane-counts.ts';
import { sumLanes } from '../stream/accounting.ts';
import type { Sources } from './families.ts';
import type { HistogramReading, Metrics } from './registry.ts';

const counters = [
  ['frames_committed_total', 'Frames of 20 ms written to rings, duplicates and late ones included.', 'frames'],
  ['frames_silent_total', 'Frames that ACS flagged as silence. Also in frames_committed_total.', 'silentFrames'],
  ['pcm_bytes_total', 'Bytes of PCM written to rings.', 'pcmBytes'],
  [
    'frames_missing_total',
    'Frames that had not come when a later timestamp came. Really lost: missing - out of order.',
    'missingFrames',
  ],
  ['gaps_total', 'Gaps in timestamps: each is one or more missing frames in a row.', 'gaps'],
  [
    'frames_out_of_order_total',
    'Frames that came after a later one, for the first time. They were counted as missing before.',
    'outOfOrderFrames',
  ],
  ['frames_duplicate_total', 'Frames whose timestamp and audio had come before.', 'duplicateFrames'],
  [
    'participant_pauses_total',
    'Times that an unmixed participant came back after more than 500 ms without a frame: it was not dominant. No loss.',
    'pauses',
  ],
  [
    'clock_steps_total',
    "Jumps of ACS's timestamps, back or by more than two minutes, that the arrival did not confirm. No loss.",
    'clockSteps',
  ],
  [
    'timestamps_unusable_total',
    'Audio messages, committed, with a timestamp that is absent, unreadable, before 2000, or the same for over a second.',
    'unusableStamps',
  ],
  [
    'audio_before_metadata_total',
    "Audio messages, committed, that came before their stream's metadata.",
    'audioBeforeMetadata',
  ],
] as const;

const histograms = [
  ['frame_jitter_seconds', 'Jitter J of RFC 3550 after each audio message: ACS and the network.', 'jitter'],
  [
    'frame_interarrival_deviation_seconds',
    "Absolute difference between the time since the last arrival and the packet's duration, of packets that directly follow.",
    'deviation',
  ],
  [
    'timestamp_deviation_seconds',
    "Distance of a timestamp from its participant's own grid: the part of the jitter that is ACS's stamping. Up to 0.5 ms adds nothing to the sum.",
    'stampDeviation',
  ],
  [
    'residence_seconds',
    'Time of an audio message from its arrival at the socket to its ring, --flush-interval-ms included: the part that is ours.',
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
