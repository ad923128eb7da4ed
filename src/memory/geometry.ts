/** The sizes of shared memory that a configuration asks for. Any thread. */

import { laneHalfBytes } from '../base/limits.ts';
import type { Config } from '../config/serve-settings.ts';
import { fitGeometry } from './shared-memory.ts';
import type { Geometry } from './sizes.ts';

/** Slots beyond `--max-streams`, for ended streams whose readers still drain. */
const lingeringShare = 0.25;

export function geometryOf(config: Config): Geometry {
  return fitGeometry({
    ringSeconds: config.ringSeconds,
    ringMemoryBytes: config.ringMemoryMb * 2 ** 20,
    streamCount: Math.ceil(config.maxStreams * (1 + lingeringShare)),
    participantsMax: config.maxParticipants,
    laneCount: config.workers,
    laneDataBytes: laneHalfBytes,
  });
}
