/** Threads: what holds each of them up, and which were lost. */
import { delayBoundsMs, type Histogram } from '../memory/histogram.ts';
import type { NamedThreadMetrics, Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerThreads(metrics: Metrics, { threads, decoders, supervised }: Sources): void {
  const boundsSeconds = delayBoundsMs.map((ms) => ms / 1000);
  const register = (name: string, help: string, of: (threadMetrics: NamedThreadMetrics) => Histogram) =>
    metrics.histogram(name, help, ['thread'], boundsSeconds, () =>
      threads().map((threadMetrics) => {
        const { counts, sum } = of(threadMetrics);
        return { labels: { thread: threadMetrics.name }, counts, sum: sum / 1000 };
      }),
    );
  register(
    'eventloop_delay_seconds',
    'How late a thread does what is due: the timers of its event loop; of a decode worker, which has none, the next look into its lane. A stall counts as often as something would have been due in it.',
    ({ delay }) => delay,
  );
  register(
    'gc_pause_seconds',
    'Pauses of a thread for garbage collection, collected once a second.',
    ({ gcPause }) => gcPause,
  );
  const all = [...decoders.workers, ...supervised];
  metrics.counter(
    'thread_restarts_total',
    'Times that a thread was started again because it died, hung, or could not start. The number of a decoder is that of the worker, which has the lane of this number as a rule.',
    ['thread'],
    () => all.map(({ name, restarts }) => [{ thread: name }, restarts]),
  );
  metrics.counter(
    'thread_hangs_total',
    'Times that a thread did nothing for seconds although it had something to do, or gave no sign of life for --thread-timeout-ms, and was ended.',
    ['thread'],
    () => all.map(({ name, hangs }) => [{ thread: name }, hangs]),
  );
  metrics.gauge(
    'threads_abandoned',
    'Threads that hung, could not be ended, and have not ended by themselves since: each is in a system call that does not return. At two of a sink, or one of the capture, no other is started.',
    ['thread'],
    () => supervised.map(({ name, abandonedCount }) => [{ thread: name }, abandonedCount]),
  );
}
