/** The capture: what is in its file, and what is not. */
import type { CaptureCounters, Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerCapture(metrics: Metrics, { capture = null }: Sources): void {
  const read = (value: (counters: CaptureCounters) => number) => () =>
    [[{}, capture === null ? 0 : value(capture)]] as const;
  metrics.counter(
    'capture_messages_total',
    'Messages in the file of --capture. With capture_dropped_total all that came, those too big included.',
    [],
    read(({ messages }) => messages),
  );
  metrics.counter(
    'capture_dropped_total',
    'Messages that are not in the file of --capture: the disk was full or too slow. The file says where. No stream is affected.',
    [],
    read(({ dropped }) => dropped),
  );
  metrics.counter(
    'capture_bytes_total',
    'Bytes of the file of --capture.',
    [],
    read(({ bytes }) => bytes),
  );
  metrics.counter(
    'capture_errors_total',
    'Times that the file of --capture could not be written, and deaths of its thread. It is tried again.',
    [],
    read(({ errors }) => errors),
  );
  metrics.counter(
    'capture_restarts_total',
    'Times that the thread of --capture died and was started again.',
    [],
    read(({ restarts }) => restarts),
  );
  metrics.gauge(
    'capture_backlog_bytes',
    'What waits to be written to the file of --capture. Messages are dropped when 64 MiB do.',
    [],
    read(({ backlogBytes }) => backlogBytes),
  );
}
