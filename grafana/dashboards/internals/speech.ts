/** Audio into the calls: from what programs write to what calls hear. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { chart } from '../../panel.ts';
import { own, quantile, rate, share, sum } from '../../query.ts';

const third = { w: 8, h: 8 };

export const speech = [
  chart({
    title: 'Streams that can be spoken into, of those that may be',
    description:
      'Each has memory for a second of speech; --playback-memory-mb says how many there may be. At 100 % new streams are refused (playback_memory). Good: below 85 %.',
    unit: units.PercentUnit,
    size: third,
    max: 1,
    queries: [
      [share(sum(own('playback_streams'), 'instance'), sum(own('playback_streams_max'), 'instance')), '{{instance}}'],
    ],
  }),
  chart({
    title: 'Frames, by what became of them',
    description:
      'Frames of 20 ms that were sent, cleared by an interruption, or discarded unsent. Good: sent, and some cleared.',
    unit: 'suffix:/s',
    size: third,
    queries: [[sum(rate(own('playback_frames_total')), 'outcome'), '{{outcome}}']],
  }),
  chart({
    title: 'Silence in what calls hear',
    softMax: 0.01,
    description:
      'Share of speech that came too late, so that calls heard a gap. Good: 0. Programs that write too slowly, or a main thread that is late, see Event loop delay.',
    unit: units.PercentUnit,
    size: third,
    queries: [
      [
        share(
          sum(rate(own('playback_underrun_seconds_total')), 'instance'),
          `0.02 * ${sum(rate(own('playback_frames_total', 'outcome="sent"')), 'instance')}`,
        ),
        '{{instance}}',
      ],
    ],
  }),
  chart({
    title: 'From clear() to StopAudio',
    description:
      'How long an interruption takes to reach the socket. Good: p99 below 10 ms. More: the main thread is late, or the peer does not read.',
    unit: units.Seconds,
    size: third,
    queries: [
      [quantile(0.5, 'playback_clear_seconds'), 'p50'],
      [quantile(0.99, 'playback_clear_seconds'), 'p99'],
    ],
  }),
  chart({
    title: 'Stalls of peers that are spoken to',
    description:
      'Times that a peer took nothing, or answered no ping, for a second. Good: hardly any. Many at a time: the network between ACS and the gateways.',
    unit: 'suffix:/s',
    size: third,
    queries: [[sum(rate(own('playback_stalls_total')), 'instance'), '{{instance}}']],
  }),
  chart({
    title: 'Memory of audio that waits',
    description:
      'Bytes of audio that programs have written ahead of the call. Good: an answer for each call that speaks. Flat at --playback-memory-mb: writers wait.',
    unit: units.BytesIEC,
    size: third,
    queries: [[sum(own('playback_memory_bytes'), 'instance'), '{{instance}}']],
  }),
];
