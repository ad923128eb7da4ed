/** The capture: what is in its file, and what is not. */
import type { CaptureCounters, Sources } from './families.ts';
import type { Metrics } from './registry.ts';

export function registerCapture(metrics: Metrics, { capture = null }: Sources): void {
  const read = (value: (counters: CaptureCounters) => number) => () =>
    [[{}, capture === null ? 0 : value(capture)]] as const;
  metrics.counter(
    'capture_messages_total',
    'Messages written to the capture file, oversized ones included.',
    [],
    read(({ messages }) => messages),
  );
  metrics.counter(
    'capture_dropped_total',
    'Messages missing from the capture file because its queue was full: the disk is full or slow. No stream is affected.',
    [],
    read(({ dropped }) => dropped),
  );
  metrics.counter(
    'capture_bytes_total',
    'Bytes written to the capture file.',
    [],
    read(({ bytes }) => bytes),
  );
  metrics.counter(
    'capture_errors_total',
    'Failed writes to the capture file, and deaths of its thread. Both are retried.',
    [],
    read(({ errors }) => errors),
  );
  metrics.counter(
    'capture_restarts_total',
    'Restarts of the capture thread after it died or hung.',
    [],
    read(({ restarts }) => restarts),
  );
  metrics.gauge(
    'capture_backlog_bytes',
    'Bytes that wait to be written to the capture file. At 64 MiB messages are dropped.',
    [],
    read(({ backlogBytes }) => backlogBytes),
  );
}
