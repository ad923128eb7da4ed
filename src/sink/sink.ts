/**
 * What a sink is: something in a thread of its own that takes the frames of every participant. A sink that is slow, throws
 * or cannot reach its server loses its own frames only, counted, and disturbs no other sink. Its thread may die at any moment;
 * another one continues from the checkpoints.
 */
import type { PlaybackWriter } from '../playback/writer.ts';
import type { Frame } from '../ring/frame.ts';
import type { Labels, Track } from '../ring/track.ts';
import type { RemovedCall } from './files/retention.ts';
import type { Checkpoint } from './progress.ts';
import type { SpokenOutcome } from './spoken-outcome.ts';

export type { Track } from '../ring/track.ts';

/** The counts of a track at its end. */
export interface TrackEnd {
  /** Frames that were handed to the writer. */
  readonly framesRead: number;
  /** Frames overwritten before this sink read them. */
  readonly framesLapped: number;
}

/** What a sink does with one track. */
export interface TrackWriter {
  /** False when nothing more can come of it: the track will be opened again. */
  readonly isOpen: boolean;
  /** Takes a frame. It is valid until this returns; copy what must stay. If it throws, the frame counts as lost. */
  write(frame: Frame): void;
  /**
   * Called after every group of frames: nothing more is waiting right now. What the checkpoint says holds from here, or, for a
   * sink with `settle`, from when that resolves.
   */
  flush(): void;
  /** The last frame was written. */
  end(end: TrackEnd): void;
}

/** A file with audio that is finished, and what is in it. A plain object: it crosses threads. */
export interface RecordingFile {
  /** One participant's, or the call's with all of them. */
  readonly kind: 'participant' | 'call';
  /** Where it is, as the sink's folder was given. */
  readonly path: string;
  /** `StreamInfo.id`. */
  readonly streamId: string;
  /** As in `StreamInfo`. */
  readonly callConnectionId: string | null;
  /** As in `StreamInfo`. */
  readonly correlationId: string | null;
  /** As in `StreamInfo`. */
  readonly labels?: Labels;
  /** null when the audio is mixed, and for a call. */
  readonly participantId: string | null;
  /** Hz: 16000 or 24000. */
  readonly sampleRate: number;
  /** 1, or of a call as many as `call.json` names. */
  readonly channels: number;
  /** Of the audio, gaps included. */
  readonly durationMs: number;
  /** Of 20 ms, in the file; of a call: of all its participants, as the next ones. */
  readonly frames: number;
  /** That never came. */
  readonly missing: number;
  /** That were overwritten before the sink read them. */
  readonly lapped: number;
  /** That were read and could not be written. */
  readonly lost: number;
}

/** A call of which one sink has finished everything. */
export interface RecordedCall {
  /** As given with `--sink`. */
  readonly sink: string;
  /** Of the call. */
  readonly folder: string;
  /** `StreamInfo.id`. */
  readonly streamId: string;
  /** As in `StreamInfo`. */
  readonly callConnectionId: string | null;
  /** As in `StreamInfo`. */
  readonly correlationId: string | null;
  /** As in `StreamInfo`. */
  readonly labels?: Labels;
  /** False if something of it could not be written; the log says what. */
  readonly complete: boolean;
  /** Its participants', and the call's. */
  readonly files: readonly RecordingFile[];
}

/** A stream of which all tracks have ended. */
export interface FinishedStream {
  /** `StreamInfo.id`. */
  readonly streamId: string;
  /** As in `StreamInfo`. */
  readonly callConnectionId: string | null;
  /** As in `StreamInfo`. */
  readonly correlationId: string | null;
  /** See `Checkpoint.ofStream`. */
  readonly checkpoint: Float64Array;
}

/** Which stream it is, to a sink that may speak into it. */
export interface StreamFacts {
  /** `StreamInfo.id`. */
  readonly streamId: string;
  /** As in `StreamInfo`. */
  readonly callConnectionId: string | null;
  /** As in `StreamInfo`. */
  readonly correlationId: string | null;
  /** As in `StreamInfo`. */
  readonly labels?: Labels;
}

/** A stream, for a sink that speaks. */
export interface SinkStream extends StreamFacts {
  /**
   * The way into the call: the same writer each time, until the sample rate changes. It takes nothing before the metadata have come.
   * @throws `playback_refused` if the sink does not say that it `speaks`, another sink or the program speaks into this call already,
   * or the stream has ended
   */
  playback(): PlaybackWriter;
}

/** The argument of `start`. */
export interface SinkStart {
  /** A thread of this sink ran before and died or hung. */
  readonly isRestart: boolean;
  /** Counts and logs an error that happens outside the sink's methods. */
  readonly report: (error: unknown) => void;
}

/** What a built-in sink gets beyond that. */
export interface SinkContext extends SinkStart {
  /** Tells of a file that is finished. */
  readonly recorded: (file: RecordingFile) => void;
  /** Tells of a call that was deleted. */
  readonly removed: (call: RemovedCall) => void;
  /** How large the disk is that it writes to, and what is free there. */
  readonly measured: (diskBytes: number, freeBytes: number) => void;
  /** Counts a message by which an agent on another machine speaks. */
  readonly spoken: (outcome: SpokenOutcome) => void;
}

/** What the built-in sinks are, and what a module becomes: `defineSink` adds what it leaves out. */
export interface Sink {
  /** How often a track is read, in ms. Well below the ring's seconds; each reading has its cost. */
  readonly readIntervalMs: number;
  /** How long after it was opened a track is read for the first time, at least. Nothing is lost: frames wait in the ring. */
  readonly leadMs: number;
  /**
   * It records: before frames are overwritten that it has not read, it is asked to read at once, whatever its interval, and the
   * decoder waits for it, within a budget that all of the lane's calls share. Asked once, after `start`.
   */
  readonly needsEveryFrame: boolean;
  /**
   * Whether it takes frames right now. While it does not, nothing is read: frames wait in their rings, and what is
   * overwritten there counts as lapped.
   */
  readonly isReady: boolean;
  /** It sends audio into calls. Asked once, after `start`. */
  readonly speaks?: boolean;
  /** Once, before anything else. Throws if the sink cannot work, but not if another thread of it ran before. */
  start(context: SinkContext): void | Promise<void>;
  /**
   * Called again for the same track when this threw, when its writer is not open any more, when settling failed, and when
   * another thread takes over; frames since the last flush that held are then written once more. `checkpoint` says what came of
   * it so far.
   */
  open(track: Track, checkpoint: Checkpoint, stream: SinkStream): TrackWriter;
  /** For a sink that speaks: a stream has said something, before any of its tracks; again in a new thread. */
  streamStarted?(stream: SinkStream): void;
  /** For a sink that speaks: nothing that it says into this stream is heard any more. */
  streamOver?(stream: SinkStream): void;
  /**
   * For a sink that knows only later whether what was written is kept. Resolves when all that was written so far is, rejects
   * if it may not be: then it is read and written once more. Nothing is written meanwhile. Null: all is kept already.
   */
  settle?(): Promise<void> | null;
  /**
   * All tracks of a stream have ended and no other will follow. What takes its time resolves later, and is asked for again if
   * the thread dies before.
   */
  streamEnded(streamId: string, stream: FinishedStream): void | Promise<void>;
  /** Another sink has recorded a call. For a sink that tells others. */
  callRecorded?(call: RecordedCall): void;
  /** All tracks have ended. After `withinMs` the thread is cut off. */
  close(withinMs: number): Promise<void>;
}
