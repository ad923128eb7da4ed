/**
 * The process itself, under the names that Prometheus client libraries agree on, and what runs in it. prom-client's own set
 * lists `/proc/self/fd`, which holds the loop up for 10 ms with 9,000 sockets, and watches loop and collector a second time.
 */
import { getHeapStatistics } from 'node:v8';
import { LogOutput } from '../base/log-output.ts';
import { descriptorsMax, openDescriptors } from '../thread/descriptors.ts';
import type { Sources } from './families.ts';
import type { Metrics } from './registry.ts';

const noRestarts = { died: 0, hung: 0, replaced: 0 };

export function registerProcess(
  metrics: Metrics,
  { build, processRestarts = () => noRestarts }: Pick<Sources, 'build' | 'processRestarts'>,
): void {
  metrics.gauge(
    'build_info',
    'Version, Node.js and decoder of this process; always 1.',
    Object.keys(build),
    () => [[build, 1]],
    'max',
  );

  metrics.counter(
    'process_restarts_total',
    'Processes of --processes started in the place of another one: it died, hung, or was replaced by SIGUSR2.',
    ['cause'],
    () => Object.entries(processRestarts()).map(([cause, value]) => [{ cause }, value]),
  );

  metrics.counter(
    'log_lines_lost_total',
    'Log lines lost because standard output was not read, or is closed.',
    [],
    () => [[{}, LogOutput.linesLost]],
  );

  const cpu = (of: (usage: NodeJS.CpuUsage) => number) => () => [[{}, of(process.cpuUsage()) / 1e6]] as const;
  metrics.standardCounter(
    'process_cpu_seconds_total',
    'CPU time of all threads, user and system.',
    cpu(({ user, system }) => user + system),
  );
  metrics.standardCounter(
    'process_cpu_user_seconds_total',
    'CPU time of all threads in user mode.',
    cpu((u) => u.user),
  );
  metrics.standardCounter(
    'process_cpu_system_seconds_total',
    'CPU time of all threads in the kernel.',
    cpu((u) => u.system),
  );
  const startedSeconds = Math.round(performance.timeOrigin) / 1000;
  const gauge = (name: string, help: string, read: () => number) =>
    metrics.standardGauge(name, help, () => [[{}, read()]]);
  gauge('process_start_time_seconds', 'When the process started, seconds since 1970.', () => startedSeconds);
  gauge('process_resident_memory_bytes', 'Memory in use, shared memory included.', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_total_bytes', 'V8 heap of the main thread.', () => getHeapStatistics().total_heap_size);
  gauge(
    'nodejs_heap_size_used_bytes',
    'V8 heap of the main thread that is in use.',
    () => getHeapStatistics().used_heap_size,
  );
  if (process.platform !== 'linux') return;
  gauge('process_open_fds', 'Open file descriptors: one per stream, and the files of sinks.', openDescriptors);
  const maxFds = descriptorsMax() ?? Number.POSITIVE_INFINITY;
  gauge('process_max_fds', 'File descriptors that the process may have.', () => maxFds);
}
