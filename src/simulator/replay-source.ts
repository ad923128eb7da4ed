/**
 * What captures hold, one record after the other in the order of time; several files are merged by the wall clock. Main
 * thread. Time begins with the first record of all.
 */
import { type Contents, ContentsCounter } from '../capture/contents.ts';
import type { CaptureRecord } from '../capture/format-reader.ts';
import { type OpenCapture, openCapture } from '../capture/open-capture.ts';

export interface ReplayRecord {
  readonly record: CaptureRecord;
  /** Names the socket among those of all files. */
  readonly socket: string;
  readonly atMs: number;
}

interface Tape {
  readonly capture: OpenCapture;
  readonly records: Iterator<CaptureRecord, void>;
  readonly counter: ContentsCounter;
  next: CaptureRecord | undefined;
  /** Milliseconds since 1970. */
  nextMs: number;
}

export interface FileContents extends Contents {
  readonly file: string;
}

export class ReplaySource {
  private readonly tapes: Tape[] = [];
  private readonly beganMs: number;

  /** Throws `bad_capture`. */
  constructor(paths: readonly string[]) {
    try {
      for (const path of paths) this.tapes.push(this.open(path));
    } catch (error) {
      this.close();
      throw error;
    }
    this.beganMs = Math.min(...this.tapes.map(({ nextMs }) => nextMs));
  }

  private open(path: string): Tape {
    const capture = openCapture(path);
    const records = capture.records();
    const tape: Tape = { capture, records, counter: new ContentsCounter(), next: undefined, nextMs: 0 };
    this.forward(tape);
    return tape;
  }

  private forward(tape: Tape): void {
    tape.next = tape.records.next().value ?? undefined;
    tape.nextMs =
      tape.next === undefined ? Number.POSITIVE_INFINITY : tape.capture.reader.startedAtMs + tape.next.atUs / 1000;
  }

  private get first(): { readonly tape: Tape; readonly file: number } | null {
    let file = -1;
    for (let i = 0; i < this.tapes.length; i++) {
      if (this.tapes[i]!.next === undefined) continue;
      if (file < 0 || this.tapes[i]!.nextMs < this.tapes[file]!.nextMs) file = i;
    }
    return file < 0 ? null : { tape: this.tapes[file]!, file };
  }

  /** The next record, which stays the next one until `take`; null at the end. */
  peek(): ReplayRecord | null {
    const { first } = this;
    if (first === null) return null;
    const { tape, file } = first;
    const record = tape.next!;
    return { record, socket: `${file}:${record.socket}`, atMs: tape.nextMs - this.beganMs };
  }

  take(): void {
    const tape = this.first!.tape;
    tape.counter.add(tape.next!);
    this.forward(tape);
  }

  /** As far as they were read. */
  contents(): FileContents[] {
    return this.tapes.map(({ capture, counter }) => ({ file: capture.path, ...counter.contents(capture.reader) }));
  }

  close(): void {
    for (const { capture } of this.tapes) capture.close();
  }
}
