/**
 * What a user's module exports so that `--sink module:./my-sink.ts` can run it: a sink as the built-in ones are, of which
 * only `open` and `write` must be there.
 *
 *     export default defineSink((options) => ({
 *       open: (track) => ({ write: (frame) => recogniser.push(track.participantId, frame.samples) }),
 *     }));
 */
import type { Frame } from '../../ring/frame.ts';
import type { Checkpoint } from '../progress.ts';
import type { Sink, SinkStart, Track, TrackEnd } from '../sink.ts';

/** What takes one participant's frames. See `TrackWriter` for what each method may rely on. */
export interface ModuleTrackWriter {
  /** The frame is used again when this returns: copy what must stay. */
  write(frame: Frame): void;
  /** After each group of frames; nothing more waits right now. */
  flush?(): void;
  end?(end: TrackEnd): void;
}

/** A sink of yours. Its methods are called in a thread of its own; see `Sink` in docs/library.md for the order. */
export interface ModuleSink
  extends Partial<Pick<Sink, 'readIntervalMs' | 'leadMs' | 'needsEveryFrame' | 'isReady' | 'streamEnded'>> {
  start?(context: SinkStart): void | Promise<void>;
  open(track: Track, checkpoint: Checkpoint): ModuleTrackWriter;
  settle?(): Promise<void> | null;
  close?(): void | Promise<void>;
}

/** @param options what stands behind the question mark: `module:./my-sink.ts?model=small` gives `{ model: 'small' }` */
export type CreateSink = (options: Readonly<Record<string, string>>) => ModuleSink | Promise<ModuleSink>;

/** Does nothing but say what type it has. */
export function defineSink(create: CreateSink): CreateSink {
  return create;
}
