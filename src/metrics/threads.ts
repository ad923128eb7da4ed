/** Threads: what holds each of them up, and which were lost. */
import { delayBoundsMs, type Histogram } from '../memory/histogram.ts';
import type { NamedThreadMetrics, Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerThreads(metrics: Metrics, { threads, decoders, supervised }: Sources): void {
  const boundsSeconds = delayBoundsMs.map((ms) => ms / 1000);
  const register = (name: string, help: string, of: (threadMetrics: NamedThreadMetrics) => Histogram) =>
    metrics.histogram(
      name,
      help,
      ['thread'],
      boundsSeconds,
      () =>
        threads().map((threadMetrics) => {
          const { counts, sum } = of(threadMetrics);
          return { labels: { thread: threadMetrics.name }, counts, sum: sum / 1000 };
        }),
      'each',
    );
  register(
    'eventloop_delay_seconds',
    'How late a thread does what is due: its timers; of a decode worker, the next look into its lane. A stall counts once per missed turn.',
    ({ delay }) => delay,
  );
  register('gc_pause_seconds', 'Garbage-collection pauses of a thread.', ({ gcPause }) => gcPause);
  const all = () => [...decoders.workers, ...supervised()];
  metrics.counter(
    'thread_restarts_total',
    'Restarts of a thread after it died, hung, or could not start.',
    ['thread'],
    () => all().map(({ name, restarts }) => [{ thread: name }, restarts]),
  );
  metrics.counter(
    'thread_hangs_total',
    'Times that a thread was ended because it did nothing for a second (decode worker), or for --thread-timeout-ms.',
    ['thread'],
    () => all().map(({ name, hangs }) => [{ thread: name }, hangs]),
  );
  metrics.gauge(
    'threads_abandoned',
    'Hung threads in a system call that does not return. At two of a sink, or one of the capture, no other is started.',
    ['thread'],
    () => supervised().map(({ name, abandonedCount }) => [{ thread: name }, abandonedCount]),
  );
}
