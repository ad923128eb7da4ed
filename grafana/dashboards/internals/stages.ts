/** The stages that a frame passes, from the socket to the sinks. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { chart, heatmap } from '../../panel.ts';
import { buckets, framesToRings, own, quantile, rate, rateBy, rule, share, sum } from '../../query.ts';

const third = { w: 8, h: 8 };
const half = { w: 12, h: 7 };

export const connections = [
  chart({
    title: 'Upgrades, by result',
    description:
      'Requests for a stream and what was answered. Good: accepted alone. Runs of overloaded: no room. unauthorized and forbidden: wrong credentials or somebody who tries.',
    unit: 'suffix:/s',
    size: half,
    queries: [[rateBy('result', 'upgrades_total'), '{{result}}']],
    alert: 'AcsGatewayUpgradesRefused',
  }),
  chart({
    title: 'Closes, by cause',
    description:
      'Streams that ended and who ended them. Good: peer, which is the caller or ACS. idle and metadata_timeout: sockets without audio. drained: a deployment that did not wait for the calls.',
    unit: 'suffix:/s',
    size: half,
    queries: [[rateBy('cause', 'stream_closes_total'), '{{cause}}']],
    alert: 'AcsGatewayDrainForced',
  }),
  chart({
    title: 'Refused as overloaded, by cause',
    description:
      'What there was too little of. streams and ring_memory: it is full. lanes and event_loop: it does not keep up. handshakes: too many came in one second. Good: none.',
    unit: 'suffix:/s',
    size: half,
    queries: [[rateBy('cause', 'overload_refusals_total'), '{{cause}}']],
    alert: 'AcsGatewayUpgradesRefused',
  }),
  chart({
    title: 'Streams resumed',
    description:
      'Sockets that broke off or were superseded, and went on with their stream. Good: hardly any. Many at a time: the network in front of the gateways was interrupted.',
    unit: 'suffix:/s',
    size: half,
    queries: [[sum(rate(own('stream_resumes_total')), 'instance'), '{{instance}}']],
  }),
  chart({
    title: 'Tokens that were not accepted, by reason',
    description:
      'JSON Web Tokens that failed. Good: none. expired or not_yet_valid: a clock. keys_unavailable: we cannot fetch the keys. signature and malformed: somebody else.',
    unit: 'suffix:/s',
    size: half,
    queries: [[rateBy('reason', 'jwt_failures_total'), '{{reason}}']],
    alert: 'AcsGatewayAuthFailures',
  }),
  chart({
    title: 'Bytes received',
    description: 'Of WebSocket messages, without framing. A frame at 16 kHz is about 1 KB, at 24 kHz about 1.4 KB.',
    unit: units.BytesPerSecondIEC,
    size: half,
    queries: [[sum(rate(own('received_bytes_total')), 'instance'), '{{instance}}']],
  }),
];

export const lanes = [
  chart({
    title: 'Backlog, by lane',
    description:
      'Bytes that wait for a worker. Good: a few KB that come and go. A lane that grows to 32 MiB drops the newest messages (lane_full).',
    unit: units.BytesIEC,
    size: third,
    queries: [[sum(own('lane_backlog_bytes'), 'instance', 'lane'), '{{instance}} lane {{lane}}']],
  }),
  chart({
    title: 'Batch size',
    description:
      'Records that a worker finds in its lane at a time. It grows with load: larger batches are cheaper. A jump without more load: the workers were held up.',
    unit: units.Short,
    size: third,
    queries: [
      [quantile(0.5, 'lane_batch_frames'), 'p50'],
      [quantile(0.99, 'lane_batch_frames'), 'p99'],
    ],
  }),
  heatmap({
    title: 'Batch size, all batches',
    description: 'How many batches had how many records. Good: one band. Marks far above it: the time after a stall.',
    unit: units.Short,
    cellUnit: 'suffix:/s',
    size: third,
    expr: buckets('lane_batch_frames'),
  }),
];

export const workers = [
  chart({
    title: 'Workers busy',
    description:
      'Share of their time that the workers decode, since the last scrape. Good: below 80 %. Above it for long: add workers or gateways.',
    unit: units.PercentUnit,
    size: third,
    max: 1,
    queries: [[own('decode_utilization'), '{{instance}}']],
    alert: 'AcsGatewayWorkersSaturated',
  }),
  chart({
    title: 'Lanes that wait for a worker',
    description: 'Shifts that no worker has taken up yet. Good: as many as there are lanes beyond one for each worker.',
    unit: units.Short,
    size: third,
    queries: [[own('decode_tasks_waiting'), '{{instance}}']],
  }),
  chart({
    title: 'Left to the general parser',
    softMax: 0.05,
    description:
      'Share of the messages that the fast scanner declined. Good: near 0, one message a stream. More: ACS has changed its format, and each such message costs four times as much.',
    unit: units.PercentUnit,
    size: third,
    queries: [
      [
        share(sum(rate(own('decode_fallback_total')), 'instance'), sum(rate(own('messages_total')), 'instance')),
        '{{instance}}',
      ],
    ],
  }),
];

export const rings = [
  chart({
    title: 'Ring memory used',
    description:
      'Share of --ring-memory-mb that participants hold. At 100 % new participants are dropped (ring_memory) and calls refused. Add memory or gateways before the line.',
    unit: units.PercentUnit,
    size: third,
    max: 1,
    queries: [[rule('ring_memory:utilization'), '{{instance}}']],
    alert: 'AcsGatewayRingMemoryHigh',
  }),
  chart({
    title: 'Ring memory',
    description: 'Bytes of the rings of participants, those of ended streams that a sink still reads included.',
    unit: units.BytesIEC,
    size: third,
    queries: [[sum(own('ring_memory_bytes'), 'instance'), '{{instance}}']],
  }),
  chart({
    title: 'Participants',
    description: 'Participants that have sent audio, of the connected streams. Each has a ring of its own.',
    unit: units.Short,
    size: third,
    queries: [[sum(own('participants_active'), 'instance'), '{{instance}}']],
  }),
];

export const sinks = [
  chart({
    title: 'Frames read, by sink',
    description: 'Good: each sink reads what reaches the rings. One below the others hangs or is being lapped.',
    unit: 'suffix:/s',
    size: third,
    queries: [
      [sum(rate(own('sink_frames_total')), 'instance', 'sink'), '{{instance}} {{sink}}'],
      [framesToRings, '{{instance}} reach the rings'],
    ],
  }),
  chart({
    title: 'Takes frames, by sink',
    description:
      'At 1 the sink takes frames; at 0 its server is away or its thread does not work, and they wait in the rings, then are lapped. Good: 1.',
    unit: units.Short,
    size: third,
    max: 1,
    queries: [[sum(own('sink_ready'), 'instance', 'sink'), '{{instance}} {{sink}}']],
    alert: 'AcsGatewaySinkNotReady',
  }),
  chart({
    title: 'Frames lapped, by sink',
    description:
      'Frames that were overwritten before this sink read them: it is more than --ring-seconds late. Good: 0.',
    unit: 'suffix:/s',
    size: third,
    queries: [[sum(rate(own('sink_lapped_frames_total')), 'instance', 'sink'), '{{instance}} {{sink}}']],
    alert: 'AcsGatewaySinkLapped',
    only: 'warning',
  }),
  chart({
    title: 'Waited for, by sink',
    description:
      'Share of their time for which decoders waited until this sink had read what was about to be overwritten, as after a stall of the network. Good: 0, with short peaks; they may have 10 %.',
    unit: units.PercentUnit,
    size: third,
    queries: [[sum(rate(own('gated_seconds_total')), 'instance', 'sink'), '{{instance}} {{sink}}']],
  }),
  chart({
    title: 'Errors, by sink',
    description: 'Of opening, writing and closing files. Good: 0. The log has the cause of each.',
    unit: 'suffix:/s',
    size: third,
    queries: [[sum(rate(own('sink_errors_total')), 'instance', 'sink'), '{{instance}} {{sink}}']],
    alert: 'AcsGatewaySinkErrors',
  }),
  chart({
    title: 'Free disk, by sink',
    description:
      'Share of the disk that a file sink writes to. Below a tenth it is time to make room: when it is full, frames are lost.',
    unit: units.PercentUnit,
    size: third,
    max: 1,
    queries: [
      [
        share(sum(own('sink_disk_free_bytes'), 'instance', 'sink'), sum(own('sink_disk_bytes'), 'instance', 'sink')),
        '{{instance}} {{sink}}',
      ],
    ],
    alert: 'AcsGatewayDiskLow',
    only: 'link',
  }),
  chart({
    title: 'Calls without their file yet, by sink',
    description:
      'Calls that have ended and whose one file (?call=) is still to be made. Good: few, and it goes down again.',
    unit: units.Short,
    size: third,
    queries: [[sum(own('call_files_pending'), 'instance', 'sink'), '{{instance}} {{sink}}']],
  }),
  chart({
    title: 'Frames lost, by sink',
    description:
      'Frames that this sink read and could not keep: the disk was full, a file was deleted. Good: 0. Recordings have silence there.',
    unit: 'suffix:/s',
    size: third,
    queries: [[sum(rate(own('sink_lost_frames_total')), 'instance', 'sink'), '{{instance}} {{sink}}']],
    alert: 'AcsGatewaySinkErrors',
    only: 'warning',
  }),
  chart({
    title: 'Restarts, by sink',
    description: 'Times that the thread of a sink died and was started again. Good: 0. The log has the cause of each.',
    unit: 'suffix:/s',
    size: third,
    queries: [[sum(rate(own('sink_restarts_total')), 'instance', 'sink'), '{{instance}} {{sink}}']],
  }),
];
