/** The fleet: what is up, how full it is, and whether customers are heard. For whoever plans, and for the first look. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import * as units from '@grafana/grafana-foundation-sdk/units';
import { dashboard } from '../dashboard.ts';
import { chart } from '../panel.ts';
import { own, rateBy, rule, sum } from '../query.ts';
import { tables } from './fleet/tables.ts';
import { tiles } from './fleet/tiles.ts';

const third = { w: 8, h: 8 };

const load = [
  chart({
    title: 'Calls',
    description: 'Connected streams of each gateway, one on top of the other. Good: spread evenly.',
    unit: units.Short,
    size: third,
    stacked: true,
    queries: [[sum(own('streams_active'), 'instance'), '{{instance}}']],
  }),
  chart({
    title: 'Capacity used',
    description: 'Calls as a share of --max-streams, of each gateway. Add gateways before one reaches the line.',
    unit: units.PercentUnit,
    size: third,
    max: 1,
    queries: [[rule('streams:utilization'), '{{instance}}']],
    alert: 'AcsGatewayNearCapacity',
  }),
  chart({
    title: 'Frames per second',
    description: 'Frames of 20 ms that reached a ring, of each gateway. It follows the number of people who are sent.',
    unit: 'suffix:/s',
    size: third,
    stacked: true,
    queries: [[rule('frames_committed:rate1m'), '{{instance}}']],
  }),
];

const losses = [
  chart({
    title: 'Frames missing',
    description:
      'Share of the frames that never came, over 5 minutes, of each gateway. Good: below 0.1 %. High at all gateways at once means Azure or the network.',
    unit: units.PercentUnit,
    size: third,
    queries: [[rule('frames_missing:ratio5m'), '{{instance}}']],
    alert: 'AcsGatewayFramesMissing',
  }),
  chart({
    title: 'Messages dropped, by reason',
    description:
      "Messages that did not become audio. lane_full, ring_memory and worker_lost are ours; the other reasons are the sender's. Good: nothing.",
    unit: 'suffix:/s',
    size: third,
    queries: [[rateBy('reason', 'messages_dropped_total'), '{{reason}}']],
    alert: 'AcsGatewayMessagesDropped',
  }),
  chart({
    title: 'Upgrades turned away, by answer',
    description:
      'Requests for a stream that were not accepted. overloaded: no room. draining: a gateway that is about to end. bad_request and not_found: mostly scanners.',
    unit: 'suffix:/s',
    size: third,
    queries: [[rateBy('result', 'upgrades_total', 'result!="accepted"'), '{{result}}']],
    alert: 'AcsGatewayUpgradesRefused',
  }),
];

export function fleet(): Dashboard {
  return dashboard('fleet', 'What is up, how full it is, and whether customers are heard.', [
    { title: 'Now', panels: tiles },
    { title: 'Load', panels: load },
    { title: 'Losses', panels: losses },
    { title: 'Each gateway', panels: tables },
  ]);
}
