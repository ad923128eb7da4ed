/** What file sinks have finished, and the program that is told of it. */
import type { Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerRecordings(metrics: Metrics, { recordings }: Sources): void {
  const { sinks, countsOf, callsPending, commandOutcomes } = recordings;
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
    'recording_commands_total',
    'Runs of --on-recording by what became of them; dropped: too many waited, or the gateway ended before.',
    ['outcome'],
    () => Object.entries(commandOutcomes()).map(([outcome, value]) => [{ outcome }, value]),
  );
}
