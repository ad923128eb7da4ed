/**
 * The sinks `wav:` and `pcm:`: a folder per stream, a file per participant, a JSON beside each that says what is in it.
 * Nothing is ever overwritten: a name that is taken gets a number. Sink thread.
 */
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { recordingName } from '../recording-name.ts';
import type { Frame } from '../ring/reader.ts';
import { Recording } from './recording.ts';
import type { Sink, Track, TrackEnd, TrackWriter } from './sink.ts';
import type { FileSinkSpec } from './spec.ts';

/** Twice a second, so that a crash costs less than a second. */
const readIntervalMs = 500;
const scratchBytes = 256 * 1024;
const nameAttemptsMax = 10_000;

/** Calls `create` with the name, then with `-2`, `-3`, … behind it, until the name is not taken. */
function firstFree<T>(name: string, create: (candidate: string) => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return create(attempt === 1 ? name : `${name}-${attempt}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt >= nameAttemptsMax) throw error;
    }
  }
}

/** Like `mkdir -p`. Node's own recursive mkdir never returns where a parent exists and yet says ENOENT, as /proc does. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Two sinks with one folder begin at the same time.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

export class FileSink implements Sink {
  readonly readIntervalMs = readIntervalMs;
  private readonly spec: FileSinkSpec;
  private readonly scratch = Buffer.alloc(scratchBytes);
  private readonly folders = new Map<string, string>();

  /** Throws if the folder cannot be made or written. */
  constructor(spec: FileSinkSpec) {
    this.spec = spec;
    makeFolder(resolve(spec.folder));
    accessSync(spec.folder, constants.W_OK | constants.X_OK);
  }

  open(track: Track): TrackWriter {
    const folder = this.folderOf(track);
    const { kind, gaps } = this.spec;
    return firstFree(recordingName(track.participantId), (name) => {
      const path = join(folder, `${name}.${kind}`);
      const recording = new Recording({
        path,
        format: kind,
        gaps,
        sampleRate: track.sampleRate,
        scratch: this.scratch,
      });
      return new FileTrack(track, recording, this.spec, join(folder, `${name}.json`));
    });
  }

  streamEnded(streamId: string): void {
    this.folders.delete(streamId);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private folderOf(track: Track): string {
    const known = this.folders.get(track.streamId);
    if (known !== undefined) return known;
    const folder = firstFree(recordingName(track.callConnectionId ?? track.streamId), (name) => {
      const path = join(this.spec.folder, name);
      mkdirSync(path);
      return path;
    });
    this.folders.set(track.streamId, folder);
    return folder;
  }
}

function isoTime(ms: number): string | null {
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

class FileTrack implements TrackWriter {
  private readonly track: Track;
  private readonly recording: Recording;
  private readonly spec: FileSinkSpec;
  private readonly notePath: string;
  private hasNote = false;

  constructor(track: Track, recording: Recording, spec: FileSinkSpec, notePath: string) {
    this.track = track;
    this.recording = recording;
    this.spec = spec;
    this.notePath = notePath;
  }

  write(frame: Frame): void {
    this.recording.write(frame);
  }

  flush(): void {
    this.recording.flush();
    // Not when the file is made: a note that cannot be written must not cost the recording.
    if (this.hasNote) return;
    this.hasNote = true;
    this.writeNote(null);
  }

  end(end: TrackEnd): void {
    this.recording.close();
    this.writeNote(end);
  }

  /** The JSON beside the file: at first with what is known, at the end with everything. */
  private writeNote(end: TrackEnd | null): void {
    const { recording, track, spec } = this;
    const note = {
      format: {
        container: spec.kind,
        encoding: 'pcm_s16le',
        sampleRate: track.sampleRate,
        channels: 1,
        gaps: spec.gaps,
      },
      streamId: track.streamId,
      callConnectionId: track.callConnectionId,
      correlationId: track.correlationId,
      participantId: track.participantId,
      complete: end !== null,
      firstTimestamp: isoTime(recording.firstTimestampMs),
      lastTimestamp: isoTime(recording.lastTimestampMs),
      frames: recording.frames,
      silent: recording.silentFrames,
      missing: recording.missingFrames,
      duplicate: recording.duplicateFrames,
      late: recording.lateFrames,
      unplaced: recording.unplacedFrames,
      lapped: end?.framesLapped ?? 0,
    };
    writeFileSync(this.notePath, `${JSON.stringify(note, null, 2)}\n`);
  }
}
