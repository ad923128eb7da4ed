/** The accounting identity: what was received is in a counter, what was in a ring was read or lapped, what was spoken was sent. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { chart, number } from '../../panel.ts';
import { max, orZero, own, rate, rateBy, sum } from '../../query.ts';

const tile = { w: 5, h: 7 };

export const accounting = [
  number({
    title: 'Messages unaccounted',
    description:
      'Messages dealt with that are in no counter, or, if negative, in two; the gateway where it is most. Exact at any time. Good: 0; anything else is a fault of ours.',
    unit: units.Short,
    size: tile,
    expr: max(`abs(${own('messages_unaccounted')})`),
    alert: 'AcsGatewayAccountingBroken',
  }),
  number({
    title: 'Sink frames unaccounted',
    description: 'Frames of ended participants that a sink neither read nor lapped; the worst sink. Good: 0.',
    unit: units.Short,
    size: tile,
    expr: orZero(max(`abs(${own('sink_frames_unaccounted')})`)),
    alert: 'AcsGatewayAccountingBroken',
  }),
  number({
    title: 'Frames of speech unaccounted',
    description:
      'Frames that were spoken into calls and are in no counter, or, if negative, in two; the gateway where it is most. Good: 0.',
    unit: units.Short,
    size: tile,
    expr: max(`abs(${own('playback_frames_unaccounted')})`),
    alert: 'AcsGatewayAccountingBroken',
  }),
  chart({
    title: 'Messages received, and what became of them',
    description:
      'The outcomes on top of each other, and beside them what the sockets received. Good: the stack ends where the line runs. ignored: a kind that we do not know.',
    unit: 'suffix:/s',
    size: { w: 9, h: 7 },
    stacked: true,
    beside: 'received',
    queries: [
      [rateBy('outcome', 'messages_total'), '{{outcome}}'],
      [sum(rate(own('messages_received_total'))), 'received'],
    ],
  }),
];
