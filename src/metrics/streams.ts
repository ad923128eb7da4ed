/** Streams, upgrades, closes. */
import { participantCount } from '../stream/stream-report.ts';
import type { Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerStreams(metrics: Metrics, sources: Sources): void {
  const { registry, totals, memory } = sources;
  metrics.gauge('streams_active', 'Streams whose socket is connected.', [], () => [[{}, registry.active]]);
  metrics.gauge('stream_capacity', 'Streams that this process takes at a time.', [], () => [[{}, sources.streamsMax]]);
  metrics.gauge('participants_active', 'Participants of the streams that are connected.', [], () => {
    let participants = 0;
    for (const stream of registry.all) if (stream.phase === 'open') participants += participantCount(memory, stream);
    return [[{}, participants]];
  });
  metrics.gauge('draining', '1 while the process takes no new streams because it is about to end.', [], () => [
    [{}, sources.isDraining() ? 1 : 0],
  ]);
  metrics.counter('upgrades_total', 'Upgrade requests by what became of them.', ['result'], () =>
    Object.entries(totals.upgrades).map(([result, value]) => [{ result }, value]),
  );
  metrics.counter('stream_closes_total', 'Streams that ended, by cause.', ['cause'], () =>
    Object.entries(totals.closes).map(([cause, value]) => [{ cause }, value]),
  );
}
