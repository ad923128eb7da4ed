/** Connections and what peers send beside messages: what is counted so that it can be bounded. */
import { hardMessageBytesFactor, outgoingBytesMax, pendingConnectionBytes } from '../base/limits.ts';
import type { Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerConnections(metrics: Metrics, sources: Sources): void {
  const { totals, registry, messageBytesMax, ingest } = sources;
  const ofStream = hardMessageBytesFactor * messageBytesMax + outgoingBytesMax;
  metrics.gauge('connections_pending', 'Connections to the ingest port that are not a stream, or not yet.', [], () => [
    [{}, totals.connectionsPending],
  ]);
  metrics.counter(
    'connections_refused_total',
    'Connections to the ingest port cut off at once: too many of one address in a second, or too many pending.',
    ['cause'],
    () => Object.entries(totals.connectionsRefused).map(([cause, value]) => [{ cause }, value]),
  );
  metrics.counter(
    'accept_pauses_total',
    'Times that accepting stopped because file descriptors were down to the reserve for files and the admin port.',
    [],
    () => [[{}, totals.acceptPauses]],
  );
  metrics.gauge(
    'accept_paused',
    '1 while no connection is accepted for want of file descriptors: whoever connects is refused by the kernel.',
    [],
    () => [[{}, Number(ingest?.().isPaused ?? false)]],
    'max',
  );
  metrics.gauge(
    'tls_certificate_expiry_timestamp_seconds',
    'When the certificate in use, or one of its chain, ends, seconds since 1970; 0 without --tls-cert.',
    [],
    () => [[{}, (ingest?.().certificateExpiresMs ?? 0) / 1000]],
    'min',
  );
  metrics.counter('control_frames_total', 'Pings and pongs received from peers. ACS need not send any.', [], () => [
    [{}, totals.controlFrames],
  ]);
  metrics.gauge(
    'peer_memory_limit_bytes',
    'Most bytes that the peers connected now can make the process hold outside rings and lanes.',
    [],
    () => [[{}, registry.active * ofStream + totals.connectionsPending * pendingConnectionBytes]],
  );
}
