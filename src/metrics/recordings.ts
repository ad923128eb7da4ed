/** What file sinks have finished, and the program that is told of it. */
import type { Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerRecordings(metrics: Metrics, { recordings }: Sources): void {
  const { sinks, countsOf, diskOf, callsPending, commandOutcomes } = recordings;
  metrics.counter(
    'recordings_total',
    'Files that this sink has finished, by kind: of a participant, or of a whole call (?call=).',
    ['sink', 'kind'],
    () =>
      sinks.flatMap((sink) => {
        const { participant, call } = countsOf(sink);
        return [
          [{ sink, kind: 'participant' }, participant],
          [{ sink, kind: 'call' }, call],
        ] as const;
      }),
  );
  metrics.counter(
    'call_files_failed_total',
    'Calls whose call file could not be made: disk full, or the gateway ended. acs-audio-gateway recording merge makes it later.',
    ['sink'],
    () => sinks.map((sink) => [{ sink }, countsOf(sink).failed]),
  );
  metrics.gauge('call_files_pending', 'Ended calls whose call file is not made yet.', ['sink'], () =>
    sinks.map((sink) => [{ sink }, callsPending(sink)]),
  );
  metrics.counter(
    'calls_deleted_total',
    'Finished calls that this sink deleted: too old (keep) or too much room (max_gb).',
    ['sink', 'reason'],
    () =>
      sinks.flatMap((sink) => {
        const { keep, max_gb } = countsOf(sink);
        return [
          [{ sink, reason: 'keep' }, keep],
          [{ sink, reason: 'max_gb' }, max_gb],
        ] as const;
      }),
  );
  metrics.gauge(
    'sink_disk_bytes',
    'Size of the disk that this sink writes to; 0 until known.',
    ['sink'],
    () => sinks.map((sink) => [{ sink }, diskOf(sink).diskBytes]),
    'max',
  );
  metrics.gauge(
    'sink_disk_free_bytes',
    'Free bytes of that disk, read every ten seconds. At 0 frames are lost (sink_lost_frames_total).',
    ['sink'],
    () => sinks.map((sink) => [{ sink }, diskOf(sink).freeBytes]),
    'max',
  );
  metrics.counter(
    'recording_commands_total',
    'Runs of --on-recording, by outcome; dropped: too many waited, or the gateway ended.',
    ['outcome'],
    () => Object.entries(commandOutcomes()).map(([outcome, value]) => [{ outcome }, value]),
  );
}
