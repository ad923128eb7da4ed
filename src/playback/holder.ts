/**
 * Who speaks into a stream: the program, or one sink, from its first word to the stream's end. Two would write into one queue at
 * a time. Any thread.
 */
import { GatewayError } from '../base/errors.ts';
import { Queue } from '../memory/playback-queue.ts';
import type { PlaybackHandle } from './handle.ts';
import { PlaybackWriter } from './writer.ts';

/** The program that runs the gateway, with all its threads. */
export const programHolder = 1;
/** A sink by its place among all. */
export function sinkHolder(index: number): number {
  return programHolder + 1 + index;
}

/** Throws `playback_refused` if the stream is spoken into by another one. */
export function claimPlayback(handle: PlaybackHandle, holder: number): void {
  if (Queue.attach(handle.queue).claim(holder)) return;
  throw new GatewayError('playback_refused', 'another sink, or the program itself, speaks into this call already');
}

/** The same, and a writer. */
export function claimWriter(handle: PlaybackHandle, holder: number): PlaybackWriter {
  const writer = new PlaybackWriter(handle);
  claimPlayback(handle, holder);
  return writer;
}
