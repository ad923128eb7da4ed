/**
 * What a module exports so that `--sink module:./my-sink.ts` can run it: a sink like the built-in ones, of which only `open` and
 * `write` are required.
 *
 *     export default defineSink((options) => ({
 *       open: (track) => ({ write: (frame) => recogniser.push(track.participantId, frame.samples) }),
 *     }));
 */
import type { Frame } from '../../ring/frame.ts';
import type { Checkpoint } from '../progress.ts';
import type { Sink, SinkStart, SinkStream, Track, TrackEnd } from '../sink.ts';

/** Takes one participant's frames. Sink thread. */
export interface ModuleTrackWriter {
  /** Every frame, in order. The frame is reused when this returns: copy what you keep. If it throws, this frame counts as lost. */
  write(frame: Frame): void;
  /** After each group of frames, and every `readIntervalMs` if none arrived. */
  flush?(): void;
  /** After the last frame. */
  end?(end: TrackEnd): void;
}

/** A sink of yours. All methods are called in the sink's own thread; the order is in docs/library.md. */
export interface ModuleSink
  extends Partial<
    Pick<
      Sink,
      | 'readIntervalMs'
      | 'leadMs'
      | 'needsEveryFrame'
      | 'isReady'
      | 'speaks'
      | 'streamStarted'
      | 'streamOver'
      | 'streamEnded'
    >
  > {
  /** Once, first. If it throws at the gateway's start, that fails with `sink_failed`. */
  start?(context: SinkStart): void | Promise<void>;
  /** For each participant, and again after an error or in a new thread. If it throws, it is called again: after 0.5 s, then every 5 s. */
  open(track: Track, checkpoint: Checkpoint, stream: SinkStream): ModuleTrackWriter;
  /** Resolves when all that was written is kept, rejects if it may not be: then it is read and written again. Null: kept already. */
  settle?(): Promise<void> | null;
  /** At the end of the drain; ten seconds at most. */
  close?(): void | Promise<void>;
}

/** @param options what follows the question mark: `module:./my-sink.ts?model=small` gives `{ model: 'small' }` */
export type CreateSink = (options: Readonly<Record<string, string>>) => ModuleSink | Promise<ModuleSink>;

/** Returns its argument; it is there for the types. */
export function defineSink(create: CreateSink): CreateSink {
  return create;
}
