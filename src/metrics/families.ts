/**
 * Where the metrics get their numbers: everything that the stages count, as the composition root hands it over. Main thread.
 */
import type { DecoderPool } from '../decoder/pool.ts';
import type { Lane } from '../lane/lane.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { RingPool } from '../ring/pool.ts';
import type { SinkHost } from '../sink/host.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import type { Totals } from '../stream/totals.ts';

export interface Sources {
  readonly memory: SharedMemory;
  readonly totals: Totals;
  readonly registry: StreamRegistry;
  readonly lanes: readonly Lane[];
  readonly decoders: DecoderPool;
  readonly rings: RingPool;
  readonly sinks: readonly SinkHost[];
  readonly streamsMax: number;
  readonly isDraining: () => boolean;
}
