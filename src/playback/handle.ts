/** What crosses threads so that a user's own code can speak into a call. */
import { GatewayError } from '../base/errors.ts';
import type { PlaybackMemoryHandle } from '../memory/playback-memory.ts';
import { layoutVersion } from '../memory/shared-memory.ts';

/**
 * The way into one call. A plain object of shared memory: hand it to a thread by `postMessage` or `workerData`, and speak there
 * with a `PlaybackWriter`. One thread at a time may write; any thread may clear.
 */
export interface PlaybackHandle {
  /** `StreamInfo.id`. */
  readonly streamId: string;
  /** `StreamInfo.callConnectionId`. */
  readonly callConnectionId: string | null;
  /** What waits to be sent into this call: its words. */
  readonly queue: SharedArrayBuffer;
  /** And its audio, in memory that all calls share. */
  readonly memory: PlaybackMemoryHandle;
  /** By which the queue owns memory. */
  readonly number: number;
  /** By which it calls the gateway. */
  readonly place: number;
  /** Of the package that made it. */
  readonly layoutVersion: number;
}

/** Throws `bad_handle` if it is none, or one of another version of the package. */
export function assertPlaybackHandle(handle: PlaybackHandle): void {
  const { pool, id } = handle?.memory ?? {};
  if (!(handle?.queue instanceof SharedArrayBuffer && pool instanceof SharedArrayBuffer && typeof id === 'string')) {
    throw new GatewayError(
      'bad_handle',
      'not the handle of a playback: pass on what `stream.playback()` returned, whole',
    );
  }
  if (handle.layoutVersion !== layoutVersion) {
    const message = `the playback has layout ${handle.layoutVersion}, this code knows ${layoutVersion}: use one version of the package`;
    throw new GatewayError('bad_handle', message);
  }
}
