/** Messages: the accounting identity, exposed. */
import { outcomes } from '../memory/outcomes.ts';
import { account, sumLanes, unaccounted } from '../stream/accounting.ts';
import type { Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerMessages(metrics: Metrics, sources: Sources): void {
  const { memory, totals, lanes } = sources;
  metrics.counter('messages_received_total', 'WebSocket messages received, binary ones included.', [], () => [
    [{}, totals.messagesReceived],
  ]);
  metrics.counter('received_bytes_total', 'Bytes of the messages received, without WebSocket framing.', [], () => [
    [{}, totals.bytesReceived],
  ]);
  metrics.counter(
    'messages_total',
    'Messages by outcome. Their sum is messages_received_total less what is in flight.',
    ['outcome'],
    () => {
      const current = account(memory, totals);
      return outcomes.map((outcome) => [{ outcome }, current[outcome]]);
    },
  );
  metrics.counter(
    'messages_dropped_total',
    'Messages dropped, by reason. Their sum is messages_total{outcome="dropped"}.',
    ['reason'],
    () => Object.entries(account(memory, totals).droppedByReason).map(([reason, value]) => [{ reason }, value]),
  );
  metrics.gauge(
    'messages_unaccounted',
    'Handled messages that are in no counter, or, if negative, in two: 0 by the accounting identity.',
    [],
    () => {
      const pushed = lanes.reduce((sum, each) => sum + each.messagesPushed, 0);
      return [[{}, unaccounted(memory, totals, pushed)]];
    },
    'farthest',
  );
  metrics.counter(
    'decode_fallback_total',
    'Messages that the scanner left to the general parser: one per stream, its metadata. More: ACS changed its format, or something else sends.',
    [],
    () => [[{}, sumLanes(memory, (lane) => lane.fallbacks)]],
  );
}
