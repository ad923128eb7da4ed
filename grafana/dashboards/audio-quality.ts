/**
 * Audio quality, for the engineer on call: is a bad call the network's fault, ours, or a slow consumer's? From left to right
 * the way of a frame: the network, the gateway, the consumers.
 */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import * as units from '@grafana/grafana-foundation-sdk/units';
import { dashboard } from '../dashboard.ts';
import { chart, heatmap } from '../panel.ts';
import { buckets, framesToRings, max, own, quantile, rate, rateBy, rule, sum } from '../query.ts';
import { network } from './audio-quality/network.ts';
import { ours } from './audio-quality/reason.ts';
import { verdict } from './audio-quality/verdict.ts';

const third = { w: 8, h: 8 };
const quarter = { w: 6, h: 8 };

const mainThreadDelays = sum(rate(own('eventloop_delay_seconds_bucket', 'thread="main"')), 'le');
const ownDelay = 'our main thread late, p99';

const side = [
  chart({
    title: 'Network jitter',
    description:
      "Theirs, but where the dashed line rises as well: arrivals are stamped by our main thread, and when it is late itself, the jitter is its own. RFC 3550 jitter after each frame, arrival against ACS's timestamp. Good: p95 below 10 ms.",
    unit: units.Seconds,
    size: third,
    queries: [
      [quantile(0.5, 'frame_jitter_seconds'), 'p50'],
      [quantile(0.95, 'frame_jitter_seconds'), 'p95'],
      [quantile(0.99, 'frame_jitter_seconds'), 'p99'],
      [`histogram_quantile(0.99, ${mainThreadDelays})`, ownDelay],
    ],
    beside: ownDelay,
    alert: 'AcsGatewayJitterHigh',
  }),
  chart({
    title: 'Event-loop delay p99, by thread, worst gateway',
    description:
      'Ours. How late each thread does what is due. main receives, decoder:N decodes, sink:NAME writes. Good: below 10 ms, of a sink below 0.1 s. A bump of main makes arrivals look like jitter; a bump of a decoder is residence.',
    unit: units.Seconds,
    size: third,
    queries: [[max(quantile(0.99, 'eventloop_delay_seconds', 'instance', 'thread'), 'thread'), '{{thread}}']],
    alert: 'AcsGatewayEventLoopDelayed',
  }),
  chart({
    title: 'Gateway residence',
    description:
      'Ours. From the arrival at our socket to the ring, flush interval included. Good: p50 1 to 2 ms, p99 below 5 ms. A bump: the workers did not keep up or were held up.',
    unit: units.Seconds,
    size: third,
    queries: [
      [quantile(0.5, 'residence_seconds'), 'p50'],
      [quantile(0.99, 'residence_seconds'), 'p99'],
    ],
    alert: 'AcsGatewayResidenceHigh',
  }),
  heatmap({
    title: 'Network jitter, all frames',
    description: 'How many frames had which jitter. Good: one band at the bottom. A second band is a second route.',
    unit: units.Seconds,
    cellUnit: 'suffix:/s',
    size: quarter,
    expr: buckets('frame_jitter_seconds'),
  }),
  heatmap({
    title: 'Deviation from the 20 ms beat, all frames',
    description:
      'How far the time between two arrivals was from 20 ms, without any smoothing: one late frame is one mark here. Good: below 5 ms. A band at 20 ms and above: packets come in bunches.',
    unit: units.Seconds,
    cellUnit: 'suffix:/s',
    size: quarter,
    expr: buckets('frame_interarrival_deviation_seconds'),
  }),
  heatmap({
    title: 'Event-loop delay, main threads',
    description:
      'How often the thread that receives did something how late. Good: one band below 2 ms. A mark far above it is a stall: its frames are the bunch at the left.',
    unit: units.Seconds,
    cellUnit: 'suffix:/s',
    size: quarter,
    expr: mainThreadDelays,
  }),
  heatmap({
    title: 'Gateway residence, all frames',
    description: 'How many frames spent how long with us. Good: a band below 3 ms and next to nothing above it.',
    unit: units.Seconds,
    cellUnit: 'suffix:/s',
    size: quarter,
    expr: buckets('residence_seconds'),
  }),
];

const gateway = [
  chart({
    title: 'Messages dropped by us, by reason',
    description:
      "Audio that arrived and was lost here. lane_full: the workers do not keep up. ring_memory: no history left for another participant. worker_lost: a worker died. Good: none. Every message here is a hole of 20 ms in somebody's sentence.",
    unit: 'suffix:/s',
    size: third,
    queries: [[rateBy('reason', 'messages_dropped_total', ours), '{{reason}}']],
    alert: 'AcsGatewayMessagesDropped',
  }),
  chart({
    title: 'Backlog of the lanes',
    description:
      'Bytes that wait for a worker, of all lanes of a gateway. Good: some KB that come and go. Rising: the workers do not keep up, residence rises with it, and at 32 MiB a lane drops.',
    unit: units.BytesIEC,
    size: third,
    queries: [[sum(own('lane_backlog_bytes'), 'instance'), '{{instance}}']],
  }),
  chart({
    title: 'Workers busy',
    description: 'Share of their time that the workers of each gateway decode. Good: below 80 %, else add workers.',
    unit: units.PercentUnit,
    size: third,
    max: 1,
    queries: [[own('decode_utilization'), '{{instance}}']],
    alert: 'AcsGatewayWorkersSaturated',
  }),
];

const sharePerSink = `${sum(rate(own('sink_frames_total')), 'instance', 'sink')}
  / on (instance) group_left () ((${framesToRings}) > 0)`;

const consumers = [
  chart({
    title: 'Frames lapped, by sink',
    description:
      'Share of the frames, over 5 minutes, that were overwritten before this sink read them. Good: 0. Other sinks and the gateway are not affected.',
    unit: units.PercentUnit,
    size: third,
    queries: [[rule('sink_lapped:ratio5m'), '{{instance}} {{sink}}']],
    alert: 'AcsGatewaySinkLapped',
  }),
  chart({
    title: 'Frames read, by sink',
    description:
      'What each sink reads, as a share of what reaches the rings. Good: 100 %. At 0 % it hangs; it catches up above 100 %.',
    unit: units.PercentUnit,
    size: third,
    softMax: 1.1,
    queries: [[sharePerSink, '{{instance}} {{sink}}']],
  }),
  chart({
    title: 'Errors of sinks',
    description:
      'Files that could not be opened, written or closed. Good: none. Each is a line in the log, with the cause.',
    unit: 'suffix:/s',
    size: third,
    queries: [[sum(rate(own('sink_errors_total')), 'instance', 'sink'), '{{instance}} {{sink}}']],
    alert: 'AcsGatewaySinkErrors',
  }),
];

export function audioQuality(): Dashboard {
  return dashboard('audio-quality', "Is a bad call the network's fault, ours, or a slow consumer's?", [
    { title: 'Where is it: network, gateway or consumers?', panels: verdict },
    { title: 'Network beside gateway', panels: side },
    { title: 'Network: what ACS sends', panels: network },
    { title: 'Gateway: what we do to it', panels: gateway },
    { title: 'Consumers: who reads it', panels: consumers },
  ]);
}
