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
    'Frames of audio for calls by what became of them; what was written and is none of these waits, see playback_queued_seconds.',
    ['outcome'],
    () => samplesOf('outcome', { sent: totals.sent, cleared: totals.cleared, discarded: totals.discardedFrames }),
  );
  metrics.counter(
    'playback_discarded_frames_total',
    'Discarded ones by why: their stream ended, they were live and the peer stalled, the sample rate changed, their writer overwrote its queue.',
    ['reason'],
    () => samplesOf('reason', totals.discarded),
  );
  metrics.counter(
    'playback_refused_writes_total',
    'Writes of which not all was taken: the queue or the memory was full, the utterance was cut off, or had ended.',
    ['reason'],
    () => samplesOf('reason', playback.refused),
  );
  metrics.counter('playback_utterances_total', 'Utterances by how they ended.', ['end'], () =>
    samplesOf('end', totals.utterances),
  );
  metrics.counter(
    'playback_underruns_total',
    'Times that audio of an utterance came too late, so that the call heard a gap in it.',
    [],
    () => [[{}, totals.underruns]],
  );
  metrics.counter('playback_underrun_seconds_total', 'How long these gaps were.', [], () => [
    [{}, totals.underrunMs / 1000],
  ]);
  metrics.counter('playback_clears_total', 'Times that a call was to be silenced at once.', [], () => [
    [{}, totals.clears],
  ]);
  metrics.counter(
    'playback_unrecorded_frames_total',
    'Frames that were sent and are in no ring, for want of ring memory.',
    [],
    () => [[{}, totals.unrecorded]],
  );
  metrics.counter(
    'playback_stalls_total',
    'Times that a peer took nothing, or answered no ping, for a second while it was spoken to. It is sent nothing meanwhile.',
    [],
    () => [[{}, totals.stalls]],
  );
  metrics.gauge('playback_queued_seconds', 'Audio that waits to be sent into calls.', [], () => [
    [{}, (playback.queuedFrames * frameDurationMs) / 1000],
  ]);
  metrics.gauge(
    'playback_memory_bytes',
    'Memory that audio for calls takes at this moment: --playback-memory-mb is the cap.',
    [],
    () => [[{}, playback.memoryBytes]],
  );
  metrics.gauge('playback_streams_speaking', 'Calls that hear something from us at this moment.', [], () => [
    [{}, playback.speaking],
  ]);
  metrics.gauge(
    'playback_frames_unaccounted',
    'Frames that were taken from their queue and are in no counter, or, if negative, in two: 0 at any time.',
    [],
    () => [[{}, playback.unaccounted]],
  );
  const histogram = (name: string, help: string, boundsMs: readonly number[], from: Histogram) =>
    metrics.histogram(name, help, [], seconds(boundsMs), () => [
      { labels: {}, counts: from.counts, sum: from.sum / 1000 },
    ]);
  histogram(
    'playback_clear_seconds',
    'From clear() to the hand-over of StopAudio to the socket.',
    clearBoundsMs,
    totals.clear,
  );
  histogram(
    'playback_lead_seconds',
    'How far ahead of being heard audio was sent, when more was.',
    leadBoundsMs,
    totals.lead,
  );
  histogram(
    'playback_lateness_seconds',
    'How late streams that speak were visited: three frames go out at a visit.',
    clearBoundsMs,
    totals.lateness,
  );
  histogram('playback_pong_seconds', 'From a ping behind the audio to its answer.', pongBoundsMs, totals.pong);
}
