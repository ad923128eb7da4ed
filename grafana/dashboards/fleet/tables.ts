/** The fleet by name: each gateway, the alerts that fire, the versions that run. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { answering, count, firing, increase, max, metric, own, rate, rule, stopped, sum } from '../../query.ts';
import { table } from '../../table.ts';

/** 0: down, 1: up, 2: it was told to stop. */
const state = `2 * (${stopped} and on (job, instance) ${metric('up')} == 0) or on (job, instance) ${metric('up')}`;

export const tables = [
  table({
    title: 'Gateways',
    description:
      'Each process now; dropped and lapped are of the time shown. Good: all alike. One that differs is broken, all that differ together are not.',
    unit: units.Short,
    size: { w: 24, h: 6 },
    labels: { instance: 'Gateway', version: 'Version' },
    labelOnly: [max(own('build_info'), 'instance', 'version')],
    columns: [
      {
        name: 'State',
        expr: max(state, 'instance'),
        unit: units.Short,
        words: {
          0: { text: 'down', color: 'red' },
          1: { text: 'up', color: 'green' },
          2: { text: 'stopped', color: 'text' },
        },
      },
      {
        name: 'Draining',
        expr: max(own('draining'), 'instance'),
        unit: units.Short,
        words: { 0: { text: 'no', color: 'text' }, 1: { text: 'yes', color: 'orange' } },
      },
      {
        name: 'Running for',
        expr: `time() - ${max(metric('process_start_time_seconds'), 'instance')}`,
        unit: units.Seconds,
        decimals: 0,
      },
      { name: 'Calls', expr: sum(own('streams_active'), 'instance'), unit: units.Short },
      {
        name: 'Capacity used',
        expr: max(rule('streams:utilization'), 'instance'),
        unit: units.PercentUnit,
        decimals: 1,
        alert: 'AcsGatewayNearCapacity',
      },
      { name: 'Frames/s', expr: sum(rule('frames_committed:rate1m'), 'instance'), unit: units.NoUnit, decimals: 0 },
      {
        name: 'Missing',
        expr: max(rule('frames_missing:ratio5m'), 'instance'),
        unit: units.PercentUnit,
        decimals: 2,
        alert: 'AcsGatewayFramesMissing',
      },
      {
        name: 'Jitter p95',
        expr: max(rule('frame_jitter_seconds:p95_5m'), 'instance'),
        unit: units.Seconds,
        alert: 'AcsGatewayJitterHigh',
      },
      {
        name: 'Residence p99',
        expr: max(rule('residence_seconds:p99_5m'), 'instance'),
        unit: units.Seconds,
        alert: 'AcsGatewayResidenceHigh',
      },
      {
        name: 'Dropped',
        expr: sum(increase(own('messages_dropped_total')), 'instance'),
        unit: units.NoUnit,
        decimals: 0,
        alert: 'AcsGatewayMessagesDropped',
        only: 'warning',
      },
      {
        name: 'Lapped',
        expr: sum(increase(own('sink_lapped_frames_total')), 'instance'),
        unit: units.NoUnit,
        decimals: 0,
        alert: 'AcsGatewaySinkLapped',
        only: 'warning',
      },
      {
        name: 'CPU cores',
        expr: sum(answering(rate(metric('process_cpu_seconds_total'))), 'instance'),
        unit: units.Short,
        decimals: 2,
      },
      { name: 'Memory', expr: sum(metric('process_resident_memory_bytes'), 'instance'), unit: units.BytesIEC },
    ],
  }),
  table({
    title: 'Alerts firing, by name',
    description: 'What pages somebody now. The runbook has a heading for each. Good: none.',
    unit: units.Short,
    size: { w: 16, h: 5 },
    labels: { alertname: 'Alert', severity: 'Severity', instance: 'Gateway' },
    columns: [],
    labelOnly: [count(firing, 'alertname', 'severity', 'instance')],
  }),
  table({
    title: 'Versions',
    description: 'How many gateways run what. Good: one version, but for the minutes of a deployment.',
    unit: units.Short,
    size: { w: 8, h: 5 },
    labels: { version: 'Version', node: 'Node.js', decoder: 'Decoder' },
    columns: [{ name: 'Gateways', expr: count(own('build_info'), 'version', 'node', 'decoder'), unit: units.Short }],
  }),
];
