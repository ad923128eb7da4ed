/** One participant of a file sink: its recording, and the JSON beside it that says what is in there. Sink thread. */

import type { FileSinkSpec } from '../../config/sink-spec.ts';
import type { Frame } from '../../ring/frame.ts';
import { isoTime } from '../iso-time.ts';
import type { Checkpoint } from '../progress.ts';
import type { Track, TrackEnd, TrackWriter } from '../sink.ts';
import { replaceFile } from './files.ts';
import { kept, type Recording } from './recording.ts';

/** The JSON beside a recording. */
interface NoteFile {
  readonly path: string;
  readonly mode: number;
}

export class FileTrack implements TrackWriter {
  private readonly track: Track;
  private readonly recording: Recording;
  private readonly spec: FileSinkSpec;
  private readonly checkpoint: Checkpoint;
  private readonly note: NoteFile;
  private hasNote = false;

  constructor(track: Track, recording: Recording, spec: FileSinkSpec, checkpoint: Checkpoint, note: NoteFile) {
    this.track = track;
    this.recording = recording;
    this.spec = spec;
    this.checkpoint = checkpoint;
    this.note = note;
  }

  get isOpen(): boolean {
    return this.recording.isOpen;
  }

  write(frame: Frame): void {
    this.recording.write(frame);
  }

  flush(): void {
    this.recording.flush();
    // Not when the file is made: a note that cannot be written must not cost the recording.
    if (!this.hasNote) this.writeNote(null);
    this.hasNote = true;
  }

  end(end: TrackEnd): void {
    try {
      this.recording.flush();
    } finally {
      this.recording.close();
      this.writeNote(end);
    }
  }

  /** The JSON beside the file: at first with what is known, at the end with everything. */
  private writeNote(end: TrackEnd | null): void {
    const { checkpoint, track, spec } = this;
    const numbers = checkpoint.own;
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
      firstTimestamp: isoTime(numbers[kept.firstTimestampMs]!),
      lastTimestamp: isoTime(numbers[kept.lastTimestampMs]!),
      frames: numbers[kept.frames],
      silent: numbers[kept.silentFrames],
      missing: numbers[kept.missingFrames],
      duplicate: numbers[kept.duplicateFrames],
      late: numbers[kept.lateFrames],
      unplaced: numbers[kept.unplacedFrames],
      lapped: end?.framesLapped ?? checkpoint.framesLapped,
      lost: checkpoint.framesLost,
    };
    replaceFile(this.note.path, `${JSON.stringify(note, null, 2)}\n`, this.note.mode);
  }
}
