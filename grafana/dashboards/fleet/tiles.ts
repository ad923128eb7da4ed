/** The fleet in twelve numbers: what is up and how full, and whether customers are heard. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { number } from '../../panel.ts';
import { count, firing, increase, metric, orZero, own, rule, stopped, sum, worst } from '../../query.ts';

const tile = { w: 4, h: 4 };

/** Answers to an upgrade that turn a call away; a path that does not exist or a scanner's request does not. */
const refused = 'result=~"overloaded|draining|unauthorized|forbidden|duplicate"';

export const tiles = [
  number({
    title: 'Gateways up',
    description: 'Processes whose metrics Prometheus reads. Good: as many as were deployed.',
    unit: units.Short,
    size: tile,
    expr: orZero(sum(metric('up'))),
    neutral: true,
  }),
  number({
    title: 'Gateways down',
    description: 'Processes that Prometheus knows and cannot read, but for those that were told to stop. Good: 0.',
    unit: units.Short,
    size: tile,
    expr: orZero(count(`${metric('up')} == 0 unless on (job, instance) ${stopped}`)),
    badFrom: 1,
    alert: 'AcsGatewayDown',
  }),
  number({
    title: 'Alerts firing',
    description: 'Alerts of the gateways that fire now; the table at the bottom names them. Good: 0.',
    unit: units.Short,
    size: tile,
    expr: orZero(count(firing)),
    badFrom: 1,
  }),
  number({
    title: 'Calls now',
    description: 'Streams whose socket is connected, of all chosen gateways. ACS opens one for each call.',
    unit: units.Short,
    size: tile,
    expr: orZero(sum(own('streams_active'))),
    neutral: true,
  }),
  number({
    title: 'Capacity used, fullest gateway',
    description: 'Calls as a share of --max-streams. Good: room for the calls of one gateway more, in case it dies.',
    unit: units.PercentUnit,
    size: tile,
    decimals: 1,
    expr: `max(${rule('streams:utilization')})`,
    alert: 'AcsGatewayNearCapacity',
  }),
  number({
    title: 'Frames per second',
    description:
      'Frames of 20 ms that reached a ring, over the last minute; 0 where no call is left. A participant who is sent without a break makes 50 a second.',
    unit: 'suffix:frames/s',
    size: tile,
    decimals: 0,
    expr: orZero(sum(rule('frames_committed:rate1m'))),
    neutral: true,
  }),
  number({
    title: 'Frames missing, worst gateway',
    description:
      'Share of the frames of the last 5 minutes that never came, at the gateway where it is worst. They were lost before us. Good: below 0.1 %; from 1 % on people hear it.',
    unit: units.PercentUnit,
    size: tile,
    decimals: 2,
    expr: worst(rule('frames_missing:ratio5m')),
    alert: 'AcsGatewayFramesMissing',
  }),
  number({
    title: 'Network jitter p95, worst gateway',
    description:
      'RFC 3550 jitter that 95 of 100 frames of the last 5 minutes stay below. Good: below 10 ms. Whether it is the network or a main thread that was late itself, Audio quality shows.',
    unit: units.Seconds,
    size: tile,
    expr: worst(rule('frame_jitter_seconds:p95_5m')),
    alert: 'AcsGatewayJitterHigh',
  }),
  number({
    title: 'Residence p99, worst gateway',
    description: 'Time from our socket to the ring that 99 of 100 frames stay below. Good: below 5 ms.',
    unit: units.Seconds,
    size: tile,
    expr: worst(rule('residence_seconds:p99_5m')),
    alert: 'AcsGatewayResidenceHigh',
  }),
  number({
    title: 'Messages dropped',
    description: 'Messages in the time shown that did not become audio, for whatever reason. Good: 0.',
    unit: units.NoUnit,
    size: tile,
    decimals: 0,
    expr: sum(increase(own('messages_dropped_total'))),
    alert: 'AcsGatewayMessagesDropped',
    only: 'warning',
  }),
  number({
    title: 'Calls refused',
    description: 'Upgrades in the time shown that were turned away: no room, draining, or no right to enter. Good: 0.',
    unit: units.NoUnit,
    size: tile,
    decimals: 0,
    expr: sum(increase(own('upgrades_total', refused))),
    badFrom: 1,
    alert: 'AcsGatewayUpgradesRefused',
  }),
  number({
    title: 'Frames that consumers lost',
    description: 'Frames in the time shown that were overwritten before a slow sink had read them. Good: 0.',
    unit: units.NoUnit,
    size: tile,
    decimals: 0,
    expr: orZero(sum(increase(own('sink_lapped_frames_total')))),
    alert: 'AcsGatewaySinkLapped',
    only: 'warning',
  }),
];
