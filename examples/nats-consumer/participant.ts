/**
 * Puts one participant's audio together again: each frame at its place, what is missing as silence, what comes twice once.
 * Invariant at the end: received + missing = the frames that the gateway had.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Frame } from './frame.ts';

const bytesPerSample = 2;

/** What the gateway says of a participant on `<subject>.event`. */
export interface ParticipantEvent {
  readonly type: 'started' | 'running' | 'ended';
  readonly track: string;
  readonly subject: string;
  readonly participantId: string | null;
  readonly sampleRate: number;
  /** Only at the end: frames of the track, and of those the ones that were lost before NATS. */
  readonly frames?: number;
  readonly lapped?: number;
  readonly lost?: number;
}

export class Participant {
  readonly track: string;
  readonly subject: string;
  received = 0;
  /** Came again: the gateway repeats what the server had not confirmed when a connection broke. */
  repeated = 0;
  /** Numbers that were passed over; those before the first one that was heard included. */
  missing = 0;
  private next = 0;
  private readonly file: number;

  /** @param folder a file of raw PCM is written below it, named like the subject: `<stream>/<participant>.pcm` */
  constructor({ track, subject }: ParticipantEvent, folder: string) {
    this.track = track;
    this.subject = subject;
    const [stream = '', participant = ''] = subject.split('.').slice(-2);
    const path = join(folder, stream, participant);
    mkdirSync(dirname(path), { recursive: true });
    this.file = createFile(`${path}.pcm`) ?? openSync(`${path}-${track}.pcm`, 'w');
  }

  take(frame: Frame): void {
    if (frame.sequence < this.next) {
      this.repeated++;
      return;
    }
    this.missing += frame.sequence - this.next;
    this.next = frame.sequence + 1;
    this.received++;
    // A recogniser would get the frame here. A place beyond the end leaves a hole, which reads as silence.
    if (frame.isDuplicate || frame.positionSamples < 0) return;
    writeSync(this.file, frame.pcm, 0, frame.pcm.length, frame.positionSamples * bytesPerSample);
  }

  /** @param frames how many the gateway had; unknown if it was never heard of again */
  end(frames = this.next): void {
    this.missing += frames - this.next;
    this.next = frames;
    closeSync(this.file);
  }
}

/** Null if there is one of this name: the same participant, earlier. */
function createFile(path: string): number | null {
  try {
    return openSync(path, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return null;
  }
}
