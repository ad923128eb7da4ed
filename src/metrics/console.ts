/** The live page: who looks, and who hears calls. */
import type { Sources } from './families.ts';
import type { Metrics } from './registry.ts';

const none = { viewerCount: 0, listenerCount: 0, listenings: 0, access: { logins: { accepted: 0, refused: 0 } } };

export function registerConsole(metrics: Metrics, { console: current }: Sources): void {
  const counters = () => current?.() ?? none;
  metrics.gauge('console_viewers', 'Pages of the console that are open.', [], () => [[{}, counters().viewerCount]]);
  metrics.gauge(
    'console_listeners',
    'Listenings at this moment: calls that are heard by way of the console.',
    [],
    () => [[{}, counters().listenerCount]],
  );
  metrics.counter(
    'console_listenings_total',
    'Times that somebody began to hear a call by way of the console. Each is in the log.',
    [],
    () => [[{}, counters().listenings]],
  );
  metrics.counter('console_logins_total', 'Attempts to log in to the console, by result.', ['result'], () =>
    Object.entries(counters().access.logins).map(([result, value]) => [{ result }, value]),
  );
}
