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
    'Streams that this process takes at a time: --max-streams. Scale on streams_active / stream_capacity.',
    [],
    () => [[{}, sources.streamsMax]],
  );
  metrics.gauge(
    'participants_active',
    'Participants of the connected streams that have sent audio. A mixed stream has one; a participant counts until its stream ends, also while it is silent.',
    [],
    () => {
      let participants = 0;
      for (const stream of registry.connected()) participants += participantCount(memory, stream);
      return [[{}, participants]];
    },
  );
  metrics.gauge(
    'streams_without_audio',
    'Connected streams that sent no audio for five seconds. ACS sends mixed audio all the time; unmixed audio pauses when nobody is dominant.',
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
    'Connected streams that had audio and have had none for --stall-after-ms. Mixed, the network or ACS stands still; unmixed, perhaps nobody speaks.',
    [],
    () => [[{}, stalls.count]],
  );
  metrics.counter(
    'stream_stalls_total',
    'Stalls that are over, by what became of their audio: caught_up, it came afterwards; lost, it did not, or nobody spoke; ended, the stream did.',
    ['outcome'],
    () => Object.entries(stalls.totals).map(([outcome, value]) => [{ outcome }, value]),
  );
  metrics.gauge('draining', '1 after SIGTERM, SIGINT or SIGHUP, else 0.', [], () => [
    [{}, sources.isDraining() ? 1 : 0],
  ]);
  metrics.gauge(
    'degraded',
    '1 while a decode worker has been missing, or has done nothing, for a second: no new stream is taken. After a minute of it the process ends.',
    [],
    () => [[{}, Number(sources.decoders.isDegraded)]],
  );
  metrics.counter(
    'upgrades_total',
    'HTTP requests to the ingest port but the two health ones, by what became of them.',
    ['result'],
    () => Object.entries(totals.upgrades).map(([result, value]) => [{ result }, value]),
  );
  metrics.counter(
    'overload_refusals_total',
    'Upgrades refused as overloaded, by what there was too little of.',
    ['cause'],
    () => Object.entries(totals.overloads).map(([cause, value]) => [{ cause }, value]),
  );
  metrics.counter('stream_closes_total', 'Streams whose socket is closed, by who or what closed it.', ['cause'], () =>
    Object.entries(totals.closes).map(([cause, value]) => [{ cause }, value]),
  );
  metrics.counter(
    'stream_resumes_total',
    'Sockets that went on with the stream of another one that broke off or was superseded.',
    [],
    () => [[{}, totals.resumes]],
  );
  metrics.counter(
    'jwt_failures_total',
    'JSON Web Tokens that failed, by why; with --jwt-mode log they were let in all the same.',
    ['reason'],
    () => Object.entries(totals.jwtFailures).map(([reason, value]) => [{ reason }, value]),
  );
}
