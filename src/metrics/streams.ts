/** Streams, upgrades, closes. */
import { awakeClock } from '../base/awake-clock.ts';
import { withoutAudioMs } from '../base/limits.ts';
import { participantCount } from '../stream/stream-report.ts';
import type { Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerStreams(metrics: Metrics, sources: Sources): void {
  const { registry, stalls, totals, memory } = sources;
  metrics.gauge('streams_active', 'Streams whose socket is connected.', [], () => [[{}, registry.active]]);
  metrics.gauge(
    'stream_capacity',
    'Streams at a time at most: --max-streams. Scale on streams_active / stream_capacity.',
    [],
    () => [[{}, sources.streamsMax]],
  );
  metrics.gauge(
    'participants_active',
    'Participants of the connected streams that have sent audio, until their stream ends. A mixed stream has one.',
    [],
    () => {
      let participants = 0;
      for (const stream of registry.connected()) participants += participantCount(memory, stream);
      return [[{}, participants]];
    },
  );
  metrics.gauge(
    'streams_without_audio',
    'Connected streams without audio for five seconds. Unmixed audio pauses when no participant is dominant.',
    [],
    () => {
      let count = 0;
      for (const stream of registry.connected())
        if (awakeClock.since(registry.quietSinceMs(stream)) > withoutAudioMs) count++;
      return [[{}, count]];
    },
  );
  metrics.gauge(
    'streams_stalled',
    'Connected streams that had audio and then none for --stall-after-ms: the network or ACS stands still or, unmixed, all are silent.',
    [],
    () => [[{}, stalls.count]],
  );
  metrics.counter(
    'stream_stalls_total',
    'Stalls that are over, by outcome: caught_up (the audio came afterwards), lost (it did not, or all were silent), ended (the stream did).',
    ['outcome'],
    () => Object.entries(stalls.totals).map(([outcome, value]) => [{ outcome }, value]),
  );
  metrics.gauge(
    'draining',
    '1 from the first SIGTERM, SIGINT or SIGHUP on, else 0.',
    [],
    () => [[{}, sources.isDraining() ? 1 : 0]],
    'min',
  );
  metrics.gauge('processes', 'Processes that take streams, of --processes.', [], () => [
    [{}, sources.isDraining() ? 0 : 1],
  ]);
  metrics.gauge(
    'degraded',
    '1 while a decode worker is missing or hangs for over a second: no new stream is taken. After a minute the process ends.',
    [],
    () => [[{}, Number(sources.decoders.isDegraded)]],
    'max',
  );
  metrics.counter('upgrades_total', 'HTTP requests to the ingest port but health, by result.', ['result'], () =>
    Object.entries(totals.upgrades).map(([result, value]) => [{ result }, value]),
  );
  metrics.counter('overload_refusals_total', 'Upgrades refused as overloaded, by what was short.', ['cause'], () =>
    Object.entries(totals.overloads).map(([cause, value]) => [{ cause }, value]),
  );
  metrics.counter('stream_closes_total', 'Streams whose socket is closed, by cause.', ['cause'], () =>
    Object.entries(totals.closes).map(([cause, value]) => [{ cause }, value]),
  );
  metrics.counter(
    'stream_resumes_total',
    'Sockets that resumed the stream of one that broke off or was superseded.',
    [],
    () => [[{}, totals.resumes]],
  );
  metrics.counter(
    'jwt_failures_total',
    'JSON Web Tokens that failed, by reason; with --jwt-mode log they were admitted.',
    ['reason'],
    () => Object.entries(totals.jwtFailures).map(([reason, value]) => [{ reason }, value]),
  );
}
