/**
 * The sinks `wav:` and `pcm:`: a folder per stream, a file per participant, a JSON beside each that says what is in it.
 * Nothing is ever overwritten: a name that is taken gets a number. What it must not forget is in the checkpoints, so another thread
 * finds the files of the one that died. Sink thread.
 */
import { accessSync, closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { recordingName, trackName } from '../../base/recording-name.ts';
import type { FileSinkSpec } from '../../config/sink-spec.ts';
import type { Checkpoint } from '../progress.ts';
import type { FinishedStream, RecordingFile, Sink, SinkContext, Track, TrackWriter } from '../sink.ts';
import { describeCallFile, makeCallFile } from './call-file.ts';
import { CallQueue } from './call-queue.ts';
import { FileTrack } from './file-track.ts';
import { codeOf, createFile, type FileModes, fileModes, firstFree, makeFolder, numbered } from './files.ts';
import { Housekeeping } from './housekeeping.ts';
import { kept, Recording, recordingHead } from './recording.ts';

/** Twice a second, so that a crash costs less than a second. */
const readIntervalMs = 500;
const scratchBytes = 256 * 1024;
/** Where the number of a stream's folder stands in the stream's checkpoint; 0 before there is a folder. */
const folderNumber = 0;

function folderName({ callConnectionId, streamId }: Pick<Track, 'callConnectionId' | 'streamId'>): string {
  return recordingName(callConnectionId ?? streamId);
}

export class FileSink implements Sink {
  readonly readIntervalMs = readIntervalMs;
  readonly leadMs = 0;
  readonly isReady = true;
  readonly needsEveryFrame = true;
  private readonly spec: FileSinkSpec;
  private readonly modes: FileModes;
  private readonly scratch = Buffer.alloc(scratchBytes);
  private readonly calls = new CallQueue();
  /** Folders of streams that have not ended, or whose file is to be made. */
  private readonly openFolders = new Map<string, string>();
  private housekeeping: Housekeeping | null = null;
  private recorded: (file: RecordingFile) => void = () => {};

  constructor(spec: FileSinkSpec) {
    this.spec = spec;
    this.modes = fileModes[spec.access ?? 'owner'];
  }

  /** Throws if the folder cannot be made or written. A thread that takes over begins whatever the disk says. */
  start(context: SinkContext): void {
    this.recorded = context.recorded;
    this.housekeeping = new Housekeeping(this.spec, context, (folder) => this.isOpen(folder));
    this.housekeeping.start();
    if (context.isRestart) return;
    makeFolder(resolve(this.spec.folder), this.modes.folder);
    accessSync(this.spec.folder, constants.W_OK | constants.X_OK);
  }

  open(track: Track, checkpoint: Checkpoint): TrackWriter {
    const folder = this.folderOf(track, checkpoint.ofStream);
    const { kind, gaps } = this.spec;
    const { sampleRate } = track;
    const file = this.reopen(folder, track, checkpoint) ?? this.create(folder, track, checkpoint);
    const note = this.pathOf(folder, track, checkpoint.own[kept.number]!, 'json');
    try {
      const recording = new Recording({ file, format: kind, gaps, sampleRate, checkpoint, scratch: this.scratch });
      const noteFile = { path: note, mode: this.modes.file };
      return new FileTrack(track, recording, this.spec, checkpoint, noteFile, this.recorded);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  streamEnded(streamId: string, stream: FinishedStream): void | Promise<void> {
    const { call } = this.spec;
    const number = stream.checkpoint[folderNumber]!;
    if (call === undefined || number === 0) {
      this.openFolders.delete(streamId);
      return;
    }
    const folder = join(this.spec.folder, numbered(folderName(stream), number));
    this.openFolders.set(streamId, folder);
    const made = this.calls.add(async (signal, pause) => {
      const file = await makeCallFile({ folder, layout: call, modes: this.modes, streamId, signal, pause });
      if (file !== null) this.recorded(describeCallFile(file));
    });
    return made.finally(() => this.openFolders.delete(streamId));
  }

  close(withinMs: number): Promise<void> {
    this.housekeeping?.stop();
    return this.calls.close(withinMs);
  }

  private isOpen(folder: string): boolean {
    for (const open of this.openFolders.values()) if (open === folder) return true;
    return false;
  }

  private pathOf(folder: string, track: Track, number: number, ending: string): string {
    return join(folder, `${numbered(trackName(track.participantId), number)}.${ending}`);
  }

  /** The file that there is already, or null. */
  private reopen(folder: string, track: Track, checkpoint: Checkpoint): number | null {
    const number = checkpoint.own[kept.number]!;
    if (number === 0) return null;
    try {
      return openSync(this.pathOf(folder, track, number, this.spec.kind), 'r+');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    // It was deleted. What was in it is lost; a new one begins.
    checkpoint.framesLost += checkpoint.own[kept.frames]!;
    for (const each of [kept.number, kept.dataBytes, kept.frames, kept.silentFrames]) checkpoint.own[each] = 0;
    // Without gaps the new file begins with the next frame, else still with the first.
    if (this.spec.gaps === 'skip') checkpoint.own[kept.firstTimestampMs] = 0;
    return null;
  }

  private create(folder: string, track: Track, checkpoint: Checkpoint): number {
    const head = recordingHead(this.spec.kind, track.sampleRate);
    let file = -1;
    checkpoint.own[kept.number] = firstFree((number) => {
      file = createFile(this.pathOf(folder, track, number, this.spec.kind), head, this.modes.file);
    });
    return file;
  }

  private folderOf(track: Track, ofStream: Float64Array): string {
    const name = folderName(track);
    const path = (number: number) => join(this.spec.folder, numbered(name, number));
    const mode = this.modes.folder;
    makeFolder(resolve(this.spec.folder), mode);
    if (ofStream[folderNumber] === 0) ofStream[folderNumber] = firstFree((number) => mkdirSync(path(number), mode));
    else makeFolder(path(ofStream[folderNumber]!), mode);
    this.openFolders.set(track.streamId, path(ofStream[folderNumber]!));
    return path(ofStream[folderNumber]!);
  }
}
