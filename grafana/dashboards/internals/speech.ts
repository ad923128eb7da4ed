/** Audio into the calls: from what programs write to what calls hear. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { chart } from '../../panel.ts';
import { own, quantile, rateBy, rule, share, sum } from '../../query.ts';

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
    queries: [[rateBy('outcome', 'playback_frames_total'), '{{outcome}}']],
  }),
  chart({
    title: 'Gaps in what calls hear',
    softMax: 0.02,
    description:
      'Share of speech, over 5 minutes, that came too late, so that calls heard a gap. Good: 0. Programs that write too slowly, or a main thread that is late, see Event loop delay.',
    unit: units.PercentUnit,
    size: third,
    queries: [[rule('playback_underruns:ratio5m'), '{{instance}}']],
    alert: 'AcsGatewayPlaybackUnderruns',
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
    alert: 'AcsGatewayPlaybackClearSlow',
  }),
  chart({
    title: 'Peers that do not read, of those that are spoken to',
    description:
      'Share of the calls that are spoken to whose peer took nothing, or answered no ping, for a second. Good: 0. Many at a time: the network between ACS and the gateways.',
    unit: units.PercentUnit,
    size: third,
    max: 1,
    queries: [
      [
        share(sum(own('playback_streams_stalled'), 'instance'), sum(own('playback_streams_speaking'), 'instance')),
        '{{instance}}',
      ],
    ],
    alert: 'AcsGatewayPlaybackStalled',
  }),
  chart({
    title: 'How far ahead audio is sent, and how late',
    description:
      'Ahead: before it is heard, 5 of 100 sendings have less; good: above 0.1 s of the lead of 0.2 s. Late: when a speaking call has its turn, 1 of 100 is later; good: below 10 ms.',
    unit: units.Seconds,
    size: third,
    queries: [
      [quantile(0.05, 'playback_lead_seconds'), 'ahead p5'],
      [quantile(0.99, 'playback_lateness_seconds'), 'late p99'],
    ],
  }),
  chart({
    title: 'Utterances, by how they ended',
    description:
      'Played to their end, cleared by an interruption, or discarded because the call ended. Good: as people talk. All cleared: something takes an echo of the agent for the caller.',
    unit: 'suffix:/s',
    size: third,
    queries: [[rateBy('end', 'playback_utterances_total'), '{{end}}']],
  }),
  chart({
    title: 'Writes that were refused, and frames discarded',
    description:
      'Writes that were not taken whole (full: the program is far ahead of speech; cleared, ended: late words), and frames that were taken and not sent. Good: some full and cleared, hardly any stalled.',
    unit: 'suffix:/s',
    size: third,
    queries: [
      [rateBy('reason', 'playback_refused_writes_total'), 'write: {{reason}}'],
      [rateBy('reason', 'playback_discarded_frames_total'), 'frame: {{reason}}'],
    ],
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
