/** What turns messages into frames: the decode workers, and the lanes that lead to them. Main thread. */

import type { LogThrottled } from '../base/error-throttle.ts';
import type { GatewayError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/serve-settings.ts';
import { DecoderPool } from '../decoder/pool.ts';
import { Lane } from '../lane/lane.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { StreamRegistry } from '../stream/registry.ts';

export interface DecodingOptions {
  readonly config: Config;
  readonly memory: SharedMemory;
  readonly log: Log;
  readonly logThrottled: LogThrottled;
}

export function createDecoders(options: DecodingOptions, onFailed: (error: GatewayError) => void): DecoderPool {
  const { config, memory, log, logThrottled } = options;
  return new DecoderPool({
    memory,
    decoder: config.decoder,
    flushIntervalMs: config.flushIntervalMs,
    onReport: (report) => logThrottled({ ...report }, `${report.msg} ${report.worker}`),
    onDegraded: (isDegraded) => log.warn({ msg: isDegraded ? 'degraded' : 'no longer degraded' }),
    onFailed,
  });
}

/** @param registry is made later */
export function createLanes(options: DecodingOptions, decoders: DecoderPool, registry: () => StreamRegistry): Lane[] {
  const { config, memory, logThrottled } = options;
  return memory.lanes.map((_, index) => {
    return new Lane({
      memory,
      index,
      flushIntervalMs: config.flushIntervalMs,
      work: (laneIndex, onChanges) => decoders.work(laneIndex, onChanges),
      onChanges: ({ streams, faults, tones = [], marks = [] }) => {
        registry().changed(streams);
        for (const { streamIndex, tone } of tones) {
          registry().happened(streamIndex, (observers, stream) => observers.tone(stream, tone));
        }
        for (const { streamIndex, id, status } of marks) {
          registry().happened(streamIndex, (observers, stream) => observers.mark?.(stream, id, status));
        }
        for (const fault of faults) logThrottled({ msg: 'a message could not be decoded', fault });
      },
      onWorkerLost: (error) => {
        logThrottled({ msg: 'decode worker lost', lane: index, error: error.message }, `lost ${index}`);
        registry().changedInLane(index);
      },
    });
  });
}
