/** What file sinks have finished, and the program that is told of it. */
import type { Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerRecordings(metrics: Metrics, { recordings }: Sources): void {
  const { sinks, countsOf, diskOf, callsPending, commandOutcomes } = recordings;
  metrics.counter(
    'recordings_total',
    'Files that this sink has finished: of participants, and of calls with all of them (?call=).',
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
    'Calls whose one file could not be made: the disk was full, or the gateway ended before. The files of their participants are there; acs-audio-gateway recording merge makes it of them.',
    ['sink'],
    () => sinks.map((sink) => [{ sink }, countsOf(sink).failed]),
  );
  metrics.gauge('call_files_pending', 'Calls that have ended and whose one file is still to be made.', ['sink'], () =>
    sinks.map((sink) => [{ sink }, callsPending(sink)]),
  );
  metrics.counter(
    'calls_deleted_total',
    'Finished calls that this sink has deleted, because they were too old (keep) or took too much room (max_gb).',
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
    'Size of the disk that this sink writes to; 0 while it is not known.',
    ['sink'],
    () => sinks.map((sink) => [{ sink }, diskOf(sink).diskBytes]),
  );
  metrics.gauge(
    'sink_disk_free_bytes',
    'What is free there, looked at every ten seconds. When it is full, frames are lost (sink_lost_frames_total).',
    ['sink'],
    () => sinks.map((sink) => [{ sink }, diskOf(sink).freeBytes]),
  );
  metrics.counter(
    'recording_commands_total',
    'Runs of --on-recording by what became of them; dropped: too many waited, or the gateway ended before.',
    ['outcome'],
    () => Object.entries(commandOutcomes()).map(([outcome, value]) => [{ outcome }, value]),
  );
}
