/** What ACS sends and the network delivers: frames that never came, came late or twice, silence, and none at all. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { chart } from '../../panel.ts';
import { own, quantile, rate, rateBy, rule, share, sum } from '../../query.ts';
import { theirs } from './reason.ts';

const third = { w: 8, h: 8 };
const quarter = { w: 6, h: 8 };
const half = { w: 12, h: 8 };

export const network = [
  chart({
    title: 'Frames missing',
    description:
      'Share of the frames that never came, of each gateway, over 5 minutes: missing without those that came late after all. Good: below 0.1 %; from 1 % on people hear it.',
    unit: units.PercentUnit,
    size: third,
    queries: [[rule('frames_missing:ratio5m'), '{{instance}}']],
    alert: 'AcsGatewayFramesMissing',
  }),
  chart({
    title: 'Gaps, late frames, duplicates',
    description:
      'Gaps: holes of one frame or more. Out of order: frames that came after a later one and were put where they belong. Duplicates: frames that came twice, with the same timestamp and audio. Good: none. WebSockets do not lose or swap: what is here happened before.',
    unit: 'suffix:/s',
    size: third,
    queries: [
      [sum(rate(own('gaps_total'))), 'gaps'],
      [sum(rate(own('frames_out_of_order_total'))), 'out of order'],
      [sum(rate(own('frames_duplicate_total'))), 'duplicates'],
    ],
  }),
  chart({
    title: 'Malformed and refused messages, by reason',
    description:
      'Messages that the sender made wrong: no JSON, no valid audio, a format or a number of participants that is not taken. Good: none. More than none: ACS has changed, or something else is sending.',
    unit: 'suffix:/s',
    size: third,
    queries: [[rateBy('reason', 'messages_dropped_total', theirs), '{{reason}}']],
    alert: 'AcsGatewayMessagesRefused',
  }),
  chart({
    title: 'Silence',
    description:
      'Share of the frames that ACS flagged as silent. No fault by itself: people listen. Near 100 % in all calls at once: a microphone, a mute button or a media path on the other side.',
    unit: units.PercentUnit,
    size: quarter,
    max: 1,
    queries: [
      [
        share(sum(rate(own('frames_silent_total')), 'instance'), sum(rate(own('frames_committed_total')), 'instance')),
        '{{instance}}',
      ],
    ],
  }),
  chart({
    title: 'Streams without audio',
    description:
      'Share of the connected streams that sent no audio for 5 seconds. Good: near 0, or the calls on hold. All of them: the media path of ACS is down although its sockets stand.',
    unit: units.PercentUnit,
    size: quarter,
    max: 1,
    queries: [
      [share(sum(own('streams_without_audio'), 'instance'), sum(own('streams_active'), 'instance')), '{{instance}}'],
    ],
    alert: 'AcsGatewayNoAudio',
  }),
  chart({
    title: 'Stalled streams',
    description:
      'Share of the connected streams that had audio and have had none for a second. Good: near 0; unmixed, some pause at any moment. Many at once: the network or ACS stands still.',
    unit: units.PercentUnit,
    size: quarter,
    max: 1,
    queries: [[share(sum(own('streams_stalled'), 'instance'), sum(own('streams_active'), 'instance')), '{{instance}}']],
    alert: 'AcsGatewayStreamsStalled',
  }),
  chart({
    title: 'What became of stalls',
    description:
      'Stalls that ended: their audio came afterwards (caught_up), did not, or nobody spoke (lost), or the stream ended. Recordings have all that came afterwards.',
    unit: 'suffix:/s',
    size: quarter,
    queries: [[rateBy('outcome', 'stream_stalls_total'), '{{outcome}}']],
  }),
  chart({
    title: 'Pauses of participants',
    description:
      'Times that a participant came back after more than half a second without a frame. Not a loss: unmixed, ACS sends only who is dominant. Compare with its usual level.',
    unit: 'suffix:/s',
    size: quarter,
    queries: [[sum(rate(own('participant_pauses_total')), 'instance'), '{{instance}}']],
  }),
  chart({
    title: "Steps of ACS's clock",
    description:
      'Times that timestamps jumped back or by more than two minutes, which our own clock did not confirm. The timeline goes on and nothing is counted as missing. Good: none; some are calls that were moved to another media server.',
    unit: 'suffix:/s',
    size: quarter,
    queries: [[sum(rate(own('clock_steps_total')), 'instance'), '{{instance}}']],
  }),
  chart({
    title: 'How far timestamps wander',
    description:
      "Theirs. How far ACS's timestamps lie off their own 20 ms grid. It is part of the jitter, and costs no audio. Good: p95 below 10 ms; from half a frame on loss is told later and to one frame only.",
    unit: units.Seconds,
    size: half,
    queries: [
      [quantile(0.5, 'timestamp_deviation_seconds'), 'p50'],
      [quantile(0.95, 'timestamp_deviation_seconds'), 'p95'],
      [quantile(0.99, 'timestamp_deviation_seconds'), 'p99'],
    ],
  }),
  chart({
    title: 'Timestamps that say nothing',
    description:
      'Absent, unreadable, before 2000, or the same for more than a second. The frames follow each other as they came, and loss among them cannot be seen. Good: none.',
    unit: 'suffix:/s',
    size: half,
    queries: [[sum(rate(own('timestamps_unusable_total')), 'instance'), '{{instance}}']],
  }),
];
