/** Messages: the accounting identity, exposed. */
import { lane, outcomes } from '../memory/layout.ts';
import { account, sumLanes } from '../stream/accounting.ts';
import type { Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerMessages(metrics: Metrics, sources: Sources): void {
  const { memory, totals } = sources;
  metrics.counter('messages_received_total', 'WebSocket messages received.', [], () => [[{}, totals.messagesReceived]]);
  metrics.counter('received_bytes_total', 'Bytes of WebSocket messages received.', [], () => [
    [{}, totals.bytesReceived],
  ]);
  metrics.counter('messages_total', 'Messages by outcome; their sum is what was received.', ['outcome'], () => {
    const current = account(memory, totals);
    return outcomes.map((outcome) => [{ outcome }, current[outcome]]);
  });
  metrics.counter('messages_dropped_total', 'Messages dropped, by reason.', ['reason'], () =>
    Object.entries(account(memory, totals).droppedByReason).map(([reason, value]) => [{ reason }, value]),
  );
  metrics.counter('decode_fallback_total', 'Messages that the scanner left to the general parser.', [], () => [
    [{}, sumLanes(memory, lane.fallbacks)],
  ]);
}
