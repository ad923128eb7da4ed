/** What the stages stand on: the threads, their garbage collection, and the process. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { chart, heatmap } from '../../panel.ts';
import { buckets, max, metric, own, quantile, rate, rateBy, share, sum } from '../../query.ts';

const half = { w: 12, h: 8 };
const third = { w: 8, h: 8 };

export const threads = [
  chart({
    title: 'Event-loop delay p99, by thread, worst gateway',
    description:
      'How late each thread does what is due. A stall counts as often as work would have been due in it. Good: below 10 ms. main: all streams of the gateway wait; decoder:N: its lanes; sink:NAME: that sink.',
    unit: units.Seconds,
    size: half,
    queries: [[max(quantile(0.99, 'eventloop_delay_seconds', 'instance', 'thread'), 'thread'), '{{thread}}']],
    alert: 'AcsGatewayEventLoopDelayed',
  }),
  heatmap({
    title: 'Event-loop delay, all threads',
    description: 'How often something was done how late. Good: one band below 2 ms. Marks far above it are stalls.',
    unit: units.Seconds,
    cellUnit: 'suffix:/s',
    size: half,
    expr: buckets('eventloop_delay_seconds'),
  }),
  chart({
    title: 'Time spent on garbage collection, by thread, worst gateway',
    description: 'Share of the time that a thread stood still for it. Good: below 2 %. Steadily rising: a leak.',
    unit: units.PercentUnit,
    size: half,
    queries: [[max(rate(own('gc_pause_seconds_sum')), 'thread'), '{{thread}}']],
  }),
  chart({
    title: 'Garbage collection pauses p99, by thread, worst gateway',
    description:
      'The longest pauses. Good: below 5 ms. No value: there was no collection. Compare with the delay above.',
    unit: units.Seconds,
    size: half,
    queries: [[max(quantile(0.99, 'gc_pause_seconds', 'instance', 'thread'), 'thread'), '{{thread}}']],
  }),
  chart({
    title: 'Threads replaced',
    description:
      'Threads that were started again after they had died or hung, by name. Good: none. The log has the cause of each.',
    unit: 'suffix:/s',
    size: half,
    queries: [[rateBy('thread', 'thread_restarts_total'), '{{thread}}']],
    alert: 'AcsGatewayThreadRestarted',
  }),
  chart({
    title: 'Capture: messages missing, writes failed',
    description:
      'What --capture could not write, because its disk was full or slow. Good: none; no call suffers from it.',
    unit: 'suffix:/s',
    size: half,
    queries: [
      [sum(rate(own('capture_dropped_total')), 'instance'), '{{instance}} missing'],
      [sum(rate(own('capture_errors_total')), 'instance'), '{{instance}} failed'],
    ],
    alert: 'AcsGatewayCaptureFailing',
  }),
];

export const process = [
  chart({
    title: 'CPU',
    description:
      'Cores in use, of all threads, user and system. Good: below what the machine or the container has; one that is throttled shows in the delay above.',
    unit: 'suffix:cores',
    size: third,
    queries: [
      [sum(rate(metric('process_cpu_user_seconds_total')), 'instance'), '{{instance}} user'],
      [sum(rate(metric('process_cpu_system_seconds_total')), 'instance'), '{{instance}} system'],
    ],
  }),
  chart({
    title: 'Memory',
    description:
      'Resident memory, shared memory of rings and lanes included, and the heap of the main thread. Good: flat once the rings have been used. A heap that climbs for days is a leak.',
    unit: units.BytesIEC,
    size: third,
    queries: [
      [sum(metric('process_resident_memory_bytes'), 'instance'), '{{instance}} resident'],
      [sum(metric('nodejs_heap_size_total_bytes'), 'instance'), '{{instance}} heap'],
      [sum(metric('nodejs_heap_size_used_bytes'), 'instance'), '{{instance}} heap used'],
    ],
  }),
  chart({
    title: 'Open files',
    description:
      'Share of the file descriptors that the process may have (ulimit -n). One for each stream, one more for each participant and file sink. At 100 % no call gets in.',
    unit: units.PercentUnit,
    size: third,
    max: 1,
    queries: [
      [share(sum(metric('process_open_fds'), 'instance'), sum(metric('process_max_fds'), 'instance')), '{{instance}}'],
    ],
    alert: 'AcsGatewayOpenFilesHigh',
  }),
];
