/** Lanes, workers, rings and sinks. */
import { batchBounds } from '../memory/histogram.ts';
import type { RingConsumer, Sources } from './families.ts';
import type { Metrics, Sample } from './registry.ts';

export function registerInternals(metrics: Metrics, sources: Sources): void {
  const { lanes, decoders, memory, rings, sinks } = sources;
  const batches = memory.lanes.map((lane) => lane.histogram('batch'));
  metrics.gauge(
    'lane_backlog_bytes',
    'Bytes in the lane that its worker has not decoded.',
    ['lane'],
    () => lanes.map((each) => [{ lane: String(each.index) }, each.backlogBytes]),
    'each',
  );
  metrics.histogram(
    'lane_batch_frames',
    'Records that a worker found in its lane at a time. Large batches mean busy workers, not a fault.',
    ['lane'],
    batchBounds,
    () => batches.map(({ counts, sum }, index) => ({ labels: { lane: String(index) }, counts, sum })),
    'each',
  );
  metrics.counter(
    'lane_wait_seconds_total',
    'Seconds that the main thread waited for a worker to make room in this lane, as after a network stall. At most a fifth of its time.',
    ['lane'],
    () => lanes.map((each) => [{ lane: String(each.index) }, each.waitedMs / 1000]),
    'each',
  );
  metrics.gauge('decode_tasks_waiting', 'Lanes without a worker: it died, and the next one is not up.', [], () => [
    [{}, decoders.waiting],
  ]);
  metrics.gauge(
    'decode_utilization',
    'Share of time, 0 to 1, that workers decoded since the last scrape, or in the last second. Above 0.8 for long: add workers or gateways.',
    [],
    () => [[{}, decoders.measureUtilization()]],
    'average',
  );
  metrics.gauge(
    'ring_memory_bytes',
    'Bytes of rings in use, those of ended streams that are still being read included.',
    [],
    () => [[{}, rings.inUse * memory.ringBytes]],
  );
  metrics.gauge(
    'ring_memory_limit_bytes',
    'Bytes of all rings: --ring-memory-mb, rounded down to whole rings.',
    [],
    () => [[{}, memory.geometry.ringCount * memory.ringBytes]],
  );
  const perSink = (value: (sink: RingConsumer) => number) => () =>
    sinks.map((sink): Sample => [{ sink: sink.name }, value(sink)]);
  metrics.counter(
    'sink_frames_total',
    'Frames that this sink has read; for nats, those that the server has confirmed.',
    ['sink'],
    perSink((sink) => sink.frames),
  );
  metrics.counter(
    'sink_lapped_frames_total',
    'Frames overwritten before this sink read them: it is too slow, or its server was away.',
    ['sink'],
    perSink((sink) => sink.lappedFrames),
  );
  metrics.counter(
    'gated_seconds_total',
    'Seconds that decode workers waited for this sink before overwriting unread frames, as after a network stall. At most a tenth of the time.',
    ['sink'],
    perSink((sink) => sink.gatedMs / 1000),
  );
  metrics.counter(
    'sink_lost_frames_total',
    'Frames that this sink read and could not keep: disk full, file deleted, refused by the server. Also in sink_frames_total.',
    ['sink'],
    perSink((sink) => sink.lostFrames),
  );
  metrics.counter(
    'sink_errors_total',
    'Failures to open, write or close a file, to reach a server, and deaths of the thread. The log says which.',
    ['sink'],
    perSink((sink) => sink.errors),
  );
  metrics.counter(
    'sink_restarts_total',
    "Restarts of this sink's thread after it died or hung. It continues where the last one stopped.",
    ['sink'],
    perSink((sink) => sink.restarts),
  );
  metrics.counter(
    'sink_playback_messages_total',
    'Messages of agents (nats://…?playback). taken whole; short: the queue was full; refused: its utterance is over, another is open, or another sink speaks; malformed; clear.',
    ['sink', 'outcome'],
    () =>
      sinks.flatMap((sink) =>
        Object.entries(sink.spokenMessages ?? {}).map(
          ([outcome, count]): Sample => [{ sink: sink.name, outcome }, count],
        ),
      ),
  );
  metrics.gauge(
    'sink_ready',
    '1 while this sink takes frames, 0 while its server is away or its thread hangs. Frames wait in their rings, then are lapped.',
    ['sink'],
    perSink((sink) => Number(sink.isReady)),
    'min',
  );
  metrics.gauge(
    'sink_frames_unaccounted',
    'Frames of ended participants that this sink neither read nor lapped: 0 by the accounting identity.',
    ['sink'],
    perSink((sink) => sink.framesUnaccounted),
    'farthest',
  );
}
