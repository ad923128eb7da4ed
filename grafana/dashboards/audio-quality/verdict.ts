/** The verdict: how to read the page, and one number or two for each of network, gateway and consumers. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { number, text } from '../../panel.ts';
import { increase, orZero, own, rule, sum, worst } from '../../query.ts';
import { ours } from './reason.ts';

const tile = { w: 4, h: 4 };

export const verdict = [
  text(
    'How to read this page',
    { w: 24, h: 4 },
    `Each row follows a frame from left to right: **network**, **gateway**, **consumers**.

- **Network jitter or missing frames up, event loop and residence flat**: Azure or the network on the way to us. All gateways at once: Azure. One: its machine's network.
- **Event-loop delay or residence up**: us. A late main thread reads late, so network jitter rises with it and still it is us; a late decoder or too much load is residence. Go on with *Internals*.
- **All of these flat, frames lapped**: a sink is too slow and loses frames, it alone. **Nothing at all**: look at silence, pauses and streams without audio, then at the caller's side.`,
  ),
  number({
    title: 'Network: jitter p95',
    description:
      "RFC 3550 jitter of arrivals against ACS's timestamps, p95 of 5 minutes, at the worst gateway. Good: below 10 ms.",
    unit: units.Seconds,
    size: tile,
    expr: worst(rule('frame_jitter_seconds:p95_5m')),
    alert: 'AcsGatewayJitterHigh',
  }),
  number({
    title: 'Network: frames missing',
    description: 'Share of the frames of 5 minutes that never came, at the worst gateway. Good: below 0.1 %.',
    unit: units.PercentUnit,
    size: tile,
    decimals: 2,
    expr: worst(rule('frames_missing:ratio5m')),
    alert: 'AcsGatewayFramesMissing',
  }),
  number({
    title: 'Gateway: event-loop delay p99',
    description:
      'How late the worst thread of the worst gateway does what is due, p99 of 5 minutes; sinks, which may wait for their disk, left out. Good: below 10 ms.',
    unit: units.Seconds,
    size: tile,
    expr: worst(rule('eventloop_delay_seconds:p99_5m', 'thread!~"sink:.+"')),
    alert: 'AcsGatewayEventLoopDelayed',
  }),
  number({
    title: 'Gateway: residence p99',
    description: 'From our socket to the ring, p99 of 5 minutes, at the worst gateway. Good: below 5 ms.',
    unit: units.Seconds,
    size: tile,
    expr: worst(rule('residence_seconds:p99_5m')),
    alert: 'AcsGatewayResidenceHigh',
  }),
  number({
    title: 'Gateway: dropped by us',
    description: 'Messages in the time shown that we dropped: lane_full, worker_lost or ring_memory. Good: 0.',
    unit: units.NoUnit,
    size: tile,
    decimals: 0,
    expr: sum(increase(own('messages_dropped_total', ours))),
    alert: 'AcsGatewayMessagesDropped',
    only: 'warning',
  }),
  number({
    title: 'Consumers: frames lapped',
    description: 'Share of the frames of 5 minutes that the slowest sink lost because it was too slow. Good: 0.',
    unit: units.PercentUnit,
    size: tile,
    decimals: 2,
    expr: orZero(worst(rule('sink_lapped:ratio5m'))),
    alert: 'AcsGatewaySinkLapped',
  }),
];
