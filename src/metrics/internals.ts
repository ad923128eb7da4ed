/** Lanes, workers, rings and sinks. */
import { batchBounds, lane } from '../memory/layout.ts';
import type { Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerInternals(metrics: Metrics, sources: Sources): void {
  const { lanes, decoders, memory, rings, sinks } = sources;
  metrics.gauge('lane_backlog_bytes', 'Bytes that wait for a worker.', ['lane'], () =>
    lanes.map((each) => [{ lane: String(each.index) }, each.backlogBytes]),
  );
  metrics.histogram(
    'lane_batch_frames',
    'Records that a worker found in its lane at a time: messages, and the ends and releases of streams.',
    batchBounds,
    () =>
      memory.lanes.map((views, index) => {
        const counts = views.f64.subarray(lane.batch / 8, lane.batch / 8 + batchBounds.length + 1);
        return { labels: { lane: String(index) }, counts, sum: views.f64[lane.batch / 8 + counts.length]! };
      }),
  );
  metrics.gauge('decode_tasks_waiting', 'Shifts on a lane that wait for a worker.', [], () => [[{}, decoders.waiting]]);
  metrics.gauge(
    'decode_utilization',
    'How much of their time the workers decode, 0 to 1, since the last scrape.',
    [],
    () => [[{}, decoders.utilization]],
  );
  metrics.gauge('ring_memory_bytes', 'Ring memory that participants hold.', [], () => [
    [{}, rings.inUse * memory.ringBytes],
  ]);
  metrics.gauge('ring_memory_limit_bytes', 'Ring memory that there is.', [], () => [
    [{}, memory.geometry.ringCount * memory.ringBytes],
  ]);
  metrics.counter('sink_frames_total', 'Frames that a sink read.', ['sink'], () =>
    sinks.map((sink) => [{ sink: sink.name }, sink.frames]),
  );
  metrics.counter('sink_lapped_frames_total', 'Frames that were overwritten before a sink read them.', ['sink'], () =>
    sinks.map((sink) => [{ sink: sink.name }, sink.lappedFrames]),
  );
  metrics.counter('sink_errors_total', 'Errors of a sink.', ['sink'], () =>
    sinks.map((sink) => [{ sink: sink.name }, sink.errors]),
  );
}
