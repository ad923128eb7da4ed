/** Lanes, workers, rings and sinks. */
import { batchBounds } from '../memory/histogram.ts';
import type { RingConsumer, Sources } from './families.ts';
import type { Metrics, Sample } from './registry.ts';

export function registerInternals(metrics: Metrics, sources: Sources): void {
  const { lanes, decoders, memory, rings, sinks } = sources;
  const batches = memory.lanes.map((lane) => lane.histogram('batch'));
  metrics.gauge('lane_backlog_bytes', 'Bytes in the lane that no worker has dealt with.', ['lane'], () =>
    lanes.map((each) => [{ lane: String(each.index) }, each.backlogBytes]),
  );
  metrics.histogram(
    'lane_batch_frames',
    'Records that a worker found in its lane at a time: messages, and the ends and releases of streams. Large batches mean that the workers are busy, not that anything is wrong.',
    ['lane'],
    batchBounds,
    () => batches.map(({ counts, sum }, index) => ({ labels: { lane: String(index) }, counts, sum })),
  );
  metrics.counter(
    'lane_wait_seconds_total',
    'Time for which the main thread waited until a worker had made room in this lane: a fifth of its time at the most, and only when much came at once, as after a stall of the network. TCP holds the senders back meanwhile.',
    ['lane'],
    () => lanes.map((each) => [{ lane: String(each.index) }, each.waitedMs / 1000]),
  );
  metrics.gauge(
    'decode_tasks_waiting',
    'Lanes that wait for their worker: it is lost, and its next thread is not up.',
    [],
    () => [[{}, decoders.waiting]],
  );
  metrics.gauge(
    'decode_utilization',
    'Share of their time, 0 to 1, that the workers spent decoding since the last scrape, or over the last second if that is longer ago. Above 0.8 for long: add workers or replicas.',
    [],
    () => [[{}, decoders.measureUtilization()]],
  );
  metrics.gauge(
    'ring_memory_bytes',
    'Rings that participants hold, those of ended streams that are still being read included.',
    [],
    () => [[{}, rings.inUse * memory.ringBytes]],
  );
  metrics.gauge('ring_memory_limit_bytes', 'All rings: --ring-memory-mb, rounded down to whole rings.', [], () => [
    [{}, memory.geometry.ringCount * memory.ringBytes],
  ]);
  const perSink = (value: (sink: RingConsumer) => number) => () =>
    sinks.map((sink): Sample => [{ sink: sink.name }, value(sink)]);
  metrics.counter(
    'sink_frames_total',
    'Frames that this sink read; for nats, those that the server has confirmed.',
    ['sink'],
    perSink((sink) => sink.frames),
  );
  metrics.counter(
    'sink_lapped_frames_total',
    'Frames that were overwritten before this sink read them: it is too slow, or its server was away. No other sink is affected.',
    ['sink'],
    perSink((sink) => sink.lappedFrames),
  );
  metrics.counter(
    'gated_seconds_total',
    'Time that decode workers spent waiting for this sink to read what was about to be overwritten, as after a network stall. All calls of the lane wait as long; a tenth of the time at most.',
    ['sink'],
    perSink((sink) => sink.gatedMs / 1000),
  );
  metrics.counter(
    'sink_lost_frames_total',
    'Frames that this sink read and could not keep: the disk was full, a file was deleted, the server refused them. Also in sink_frames_total.',
    ['sink'],
    perSink((sink) => sink.lostFrames),
  );
  metrics.counter(
    'sink_errors_total',
    'Errors in opening, writing or closing a file, failed connections, and deaths of the thread. The log tells them, repeated ones with their number.',
    ['sink'],
    perSink((sink) => sink.errors),
  );
  metrics.counter(
    'sink_restarts_total',
    'Times that the thread of this sink died and was started again. It goes on where the last one stopped.',
    ['sink'],
    perSink((sink) => sink.restarts),
  );
  metrics.gauge(
    'sink_ready',
    '1 while this sink takes frames, 0 while it cannot: its server is away. Frames wait in their rings, and are lapped there in the end.',
    ['sink'],
    perSink((sink) => Number(sink.isReady)),
  );
  metrics.gauge(
    'sink_frames_unaccounted',
    'Frames of ended participants that this sink neither read nor lapped: 0 by the accounting identity.',
    ['sink'],
    perSink((sink) => sink.framesUnaccounted),
  );
}
