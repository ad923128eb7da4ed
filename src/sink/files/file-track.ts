/** One participant of a file sink: its recording, and the JSON beside it that says what is in there. Sink thread. */

import { utimesSync } from 'node:fs';
import { bytesPerSample } from '../../base/limits.ts';
import type { FileSinkSpec } from '../../config/sink-spec.ts';
import type { Frame } from '../../ring/frame.ts';
import { labelled } from '../../ring/track.ts';
import { isoTime } from '../iso-time.ts';
import type { Checkpoint } from '../progress.ts';
import type { RecordingFile, Track, TrackEnd, TrackWriter } from '../sink.ts';
import { codeOf, replaceFile } from './files.ts';
import { touchIntervalMs } from './finished.ts';
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
  private readonly recorded: (file: RecordingFile) => void;
  private hasNote = false;
  private touchedMs = Date.now();

  constructor(
    track: Track,
    recording: Recording,
    spec: FileSinkSpec,
    checkpoint: Checkpoint,
    note: NoteFile,
    recorded: (file: RecordingFile) => void,
  ) {
    this.track = track;
    this.recording = recording;
    this.spec = spec;
    this.checkpoint = checkpoint;
    this.note = note;
    this.recorded = recorded;
  }

  get isOpen(): boolean {
    return this.recording.isOpen;
  }

  write(frame: Frame): void {
    this.recording.write(frame);
  }

  flush(): void {
    this.recording.flush();
    this.touch();
    // Not when the file is made: a note that cannot be written must not cost the recording.
    if (!this.hasNote) this.writeNote(null);
    this.hasNote = true;
  }

  end(end: TrackEnd): void {
    try {
      this.recording.flush();
    } finally {
      this.recording.close();
      this.recorded(this.fileAt(end));
      this.writeNote(end);
    }
  }

  /** Shows that this folder is in use, also during silence. */
  private touch(): void {
    const nowMs = Date.now();
    if (!this.hasNote || nowMs - this.touchedMs < touchIntervalMs) return;
    this.touchedMs = nowMs;
    try {
      utimesSync(this.note.path, nowMs / 1000, nowMs / 1000);
    } catch (error) {
      // It is written again at the end.
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  private fileAt({ framesLapped }: TrackEnd): RecordingFile {
    const { checkpoint, track } = this;
    const { streamId, callConnectionId, correlationId, participantId, sampleRate } = track;
    const { own } = checkpoint;
    return {
      kind: 'participant',
      path: this.note.path.replace(/json$/, this.spec.kind),
      streamId,
      callConnectionId,
      correlationId,
      ...labelled(track),
      participantId,
      sampleRate,
      channels: 1,
      durationMs: Math.round((own[kept.dataBytes]! / bytesPerSample / sampleRate) * 1000),
      frames: own[kept.frames]!,
      missing: own[kept.missingFrames]!,
      lapped: framesLapped,
      lost: checkpoint.framesLost,
    };
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
      ...labelled(track),
      participantId: track.participantId,
      complete: end !== null,
      firstTimestamp: isoTime(numbers[kept.firstTimestampMs]!),
      lastTimestamp: isoTime(numbers[kept.lastTimestampMs]!),
      firstArrival: isoTime(numbers[kept.firstArrivalMs]!),
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
