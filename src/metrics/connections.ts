/** Connections and what peers send beside messages: what is counted so that it can be bounded. */
import { hardMessageBytesFactor, outgoingBytesMax, pendingConnectionBytes } from '../base/limits.ts';
import type { Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerConnections(metrics: Metrics, { totals, registry, messageBytesMax }: Sources): void {
  const ofStream = hardMessageBytesFactor * messageBytesMax + outgoingBytesMax;
  metrics.gauge('connections_pending', 'Connections to the ingest port that have not become a stream.', [], () => [
    [{}, totals.connectionsPending],
  ]);
  metrics.counter(
    'connections_refused_total',
    'Connections to the ingest port that were cut off as soon as they were made: too many of one address in a second, or too many that have not become a stream.',
    ['cause'],
    () => Object.entries(totals.connectionsRefused).map(([cause, value]) => [{ cause }, value]),
  );
  metrics.counter(
    'accept_pauses_total',
    'Times that no further connection was accepted, because the file descriptors ran out but for the reserve of files and the admin port.',
    [],
    () => [[{}, totals.acceptPauses]],
  );
  metrics.counter('control_frames_total', 'Pings and pongs of peers. ACS need not send any.', [], () => [
    [{}, totals.controlFrames],
  ]);
  metrics.gauge(
    'peer_memory_limit_bytes',
    'The most that peers connected now can make the process hold outside rings and lanes: messages that are not complete, answers that are not read, requests.',
    [],
    () => [[{}, registry.active * ofStream + totals.connectionsPending * pendingConnectionBytes]],
  );
}
