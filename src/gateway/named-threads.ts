/** All threads of the process by their names in the metrics. Main thread. */
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { NamedThreadMetrics } from '../metrics/families.ts';
import type { ThreadMetrics } from '../thread/thread-metrics.ts';

/** @param others those that are supervised, at this moment */
export function namedThreads(
  memory: SharedMemory,
  main: ThreadMetrics,
  others: readonly { readonly name: string; readonly threadMetrics: ThreadMetrics }[],
): NamedThreadMetrics[] {
  const workers = memory.lanes.map((lane, index) => {
    return { name: `decoder:${index}`, delay: lane.histogram('delay'), gcPause: lane.histogram('gcPause') };
  });
  return [
    { name: 'main', ...main },
    ...workers,
    ...others.map(({ name, threadMetrics }) => ({ name, ...threadMetrics })),
  ];
}
