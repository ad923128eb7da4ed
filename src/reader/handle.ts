/** What crosses threads so that a program's own code can read a participant's ring. */
import { GatewayError } from '../base/errors.ts';
import { layoutVersion } from '../memory/shared-memory.ts';
import type { RingPlace } from '../ring/cursor.ts';
import type { Track } from '../ring/track.ts';

/**
 * One participant's ring, for one reader. A plain object of shared memory: hand it to a worker by `postMessage` or
 * `workerData`, and read it there with a `RingReader`. Each handle is for one reader at a time.
 */
export interface RingHandle extends Track {
  /** The name under which the reader is counted: one of `readers` of the start. */
  readonly reader: string;
  /** For `RingReader`: where the ring lies in shared memory. */
  readonly place: RingPlace;
  /** For `RingReader`: 64 bytes in which it publishes how far it has read. */
  readonly progress: SharedArrayBuffer;
  /** For `RingReader`: the version of the memory layout. */
  readonly layoutVersion: number;
}

/** Throws `bad_handle` if it is none, or one of another version of the package. */
export function assertHandle(handle: RingHandle): void {
  if (!(handle?.place?.slab instanceof SharedArrayBuffer) || !(handle.progress instanceof SharedArrayBuffer)) {
    throw new GatewayError(
      'bad_handle',
      'not the handle of a ring: pass on what `participant.ring(name)` returned, whole',
    );
  }
  if (handle.layoutVersion !== layoutVersion) {
    const message = `the ring has layout ${handle.layoutVersion}, this code knows ${layoutVersion}: use one version of the package`;
    throw new GatewayError('bad_handle', message);
  }
}
