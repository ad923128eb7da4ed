/** Audio sent into calls. */
import { frameDurationMs } from '../base/limits.ts';
import type { Histogram } from '../memory/histogram.ts';
import { clearBoundsMs, leadBoundsMs, pongBoundsMs } from '../playback/totals.ts';
import type { Sources } from './families.ts';
import type { Metrics, Sample } from './registry.ts';

function seconds(boundsMs: readonly number[]): number[] {
  return boundsMs.map((ms) => ms / 1000);
}

function samplesOf(label: string, counts: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(counts).map(([value, count]) => [{ [label]: value }, count]);
}

export function registerPlayback(metrics: Metrics, { playback }: Sources): void {
  const { totals } = playback;
  metrics.counter(
    'playback_frames_total',
    'Frames of 20 ms written for calls, by outcome; the rest of what was written waits, see playback_queued_seconds.',
    ['outcome'],
    () => samplesOf('outcome', { sent: totals.sent, cleared: totals.cleared, discarded: totals.discardedFrames }),
  );
  metrics.counter('playback_discarded_frames_total', 'Frames discarded unsent, by reason.', ['reason'], () =>
    samplesOf('reason', totals.discarded),
  );
  metrics.counter('playback_refused_writes_total', 'Writes that were not taken whole, by reason.', ['reason'], () =>
    samplesOf('reason', playback.refused),
  );
  metrics.counter('playback_utterances_total', 'Utterances that ended, by how.', ['end'], () =>
    samplesOf('end', totals.utterances),
  );
  metrics.counter(
    'playback_underruns_total',
    'Gaps that calls heard because audio of an utterance came too late.',
    [],
    () => [[{}, totals.underruns]],
  );
  metrics.counter('playback_underrun_seconds_total', 'Seconds of these gaps.', [], () => [
    [{}, totals.underrunMs / 1000],
  ]);
  metrics.counter('playback_clears_total', 'Interruptions: calls silenced by clear().', [], () => [
    [{}, totals.clears],
  ]);
  metrics.counter(
    'playback_unrecorded_frames_total',
    'Frames that were sent and are in no ring, because ring memory was full.',
    [],
    () => [[{}, totals.unrecorded]],
  );
  metrics.counter(
    'playback_stalls_total',
    'Times that a peer took nothing, or answered no ping, for a second while it was spoken to. Nothing is sent to it meanwhile.',
    [],
    () => [[{}, totals.stalls]],
  );
  metrics.gauge('playback_queued_seconds', 'Seconds of audio that wait to be sent into calls.', [], () => [
    [{}, (playback.queuedFrames * frameDurationMs) / 1000],
  ]);
  metrics.gauge(
    'playback_memory_bytes',
    'Bytes of audio that wait for calls. The cap is --playback-memory-mb.',
    [],
    () => [[{}, playback.memoryBytes]],
  );
  metrics.gauge('playback_streams', 'Streams that can be spoken into.', [], () => [[{}, playback.queues]]);
  metrics.gauge(
    'playback_streams_max',
    'Most streams that can be spoken into at a time. At that many, new streams get 503.',
    [],
    () => [[{}, playback.queuesMax]],
  );
  metrics.counter(
    'playback_refused_streams_total',
    'Streams that could not be spoken into because as many as possible were.',
    [],
    () => [[{}, totals.refusedStreams]],
  );
  metrics.gauge('playback_streams_speaking', 'Calls that hear something from the gateway now.', [], () => [
    [{}, playback.speaking],
  ]);
  metrics.gauge(
    'playback_streams_stalled',
    'Calls that are spoken to whose peer takes nothing, or answers no ping, for a second.',
    [],
    () => [[{}, playback.stalled]],
  );
  metrics.gauge(
    'playback_frames_unaccounted',
    'Frames taken from a queue that are in no counter, or, if negative, in two: 0 by the accounting identity.',
    [],
    () => [[{}, playback.unaccounted]],
    'farthest',
  );
  const histogram = (name: string, help: string, boundsMs: readonly number[], from: Histogram) =>
    metrics.histogram(name, help, [], seconds(boundsMs), () => [
      { labels: {}, counts: from.counts, sum: from.sum / 1000 },
    ]);
  histogram(
    'playback_clear_seconds',
    'Time from clear() until StopAudio was handed to the socket.',
    clearBoundsMs,
    totals.clear,
  );
  histogram(
    'playback_lead_seconds',
    'How far ahead of being heard audio was sent, at each sending.',
    leadBoundsMs,
    totals.lead,
  );
  histogram(
    'playback_lateness_seconds',
    'How late a speaking stream had its turn to send three frames.',
    clearBoundsMs,
    totals.lateness,
  );
  histogram('playback_pong_seconds', 'Time from a ping behind the audio to its pong.', pongBoundsMs, totals.pong);
}
