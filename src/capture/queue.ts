/**
 * The way of messages from the main thread to the capture's: a ring of records in shared memory, one writer, one reader.
 * Never waits: full is a return value, and the newest message is the one that is lost. The records are those of a lane
 * (`LaneRecord`). A reader that dies leaves what it had not committed to the next one.
 *
 *   | tail | head | what is committed | record | record | turn mark …
 */
import { DoubleBuffer } from '../memory/double-buffer.ts';
import { LaneRecord } from '../memory/lane-record.ts';
import { recordBytes } from '../memory/sizes.ts';
import { Views } from '../memory/views.ts';

/** Words. What the two threads write lies two cache lines apart. */
const word = { tail: 0, head: 32 } as const;
/** Where the rest begins, in bytes. */
const start = { committed: 136, records: 256 } as const;
/** What is committed, in doubles. */
const committed = { head: 0, fileBytes: 1, messages: 2, blocks: 3, end: 4 } as const;
/** A kind that no record has: the next one stands at the beginning. */
const turn = 0;

/**
 * At 50,000 messages a second it bridges a second in which nothing can be written. Costs that much memory once the writer
 * has been all around it.
 */
export const queueBytes = 64 * 1024 * 1024;

export interface QueueRecord {
  kind: number;
  socket: number;
  arrivalMs: number;
  /** Lies in the queue: dead after the next `commit`. */
  body: Uint8Array;
}

export function createQueue(bytes = queueBytes): SharedArrayBuffer {
  return new SharedArrayBuffer(start.records + bytes);
}

/** Main thread. */
export class QueueWriter {
  private readonly views: Views;
  private readonly record: LaneRecord;
  private readonly capacity: number;
  private readonly commits: Commits;
  private tail = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.views = new Views(buffer);
    this.record = new LaneRecord(this.views, start.records);
    this.commits = new Commits(buffer);
    this.capacity = buffer.byteLength - start.records;
  }

  /** Copies a record into the queue. False: it is full. `body` may die as soon as this returns. */
  push(kind: number, socket: number, arrivalMs: number, body: Uint8Array): boolean {
    const { record } = this;
    const { i32 } = this.views;
    const size = recordBytes(body.length);
    const head = Atomics.load(i32, word.head);
    const { tail } = this;
    // A turn mark always fits behind the last record, and the tail never comes round to the head.
    if (tail < head) {
      if (tail + size >= head) return false;
    } else if (tail + size > this.capacity - 8) {
      if (size >= head) return false;
      record.moveTo(tail);
      record.kind = turn;
      this.tail = 0;
    }
    record.moveTo(this.tail);
    record.write(kind, socket, 0, arrivalMs, body);
    this.tail += size;
    Atomics.store(i32, word.tail, this.tail);
    return true;
  }

  /** Bytes that are not on the disk yet. */
  get backlogBytes(): number {
    const waiting = this.tail - Atomics.load(this.views.i32, word.head);
    return waiting >= 0 ? waiting : waiting + this.capacity;
  }

  get isHalfFull(): boolean {
    return this.backlogBytes > this.capacity / 2;
  }

  /** What the reader has written, ever. Any moment. */
  get written(): Committed {
    return this.commits.read();
  }
}

export interface Committed {
  readonly head: number;
  readonly fileBytes: number;
  readonly messages: number;
  readonly blocks: number;
}

/** What is on the disk: written by the capture's thread, read whole by any. */
class Commits {
  private readonly shared: DoubleBuffer;
  private readonly numbers = new Float64Array(committed.end);

  constructor(buffer: SharedArrayBuffer) {
    this.shared = new DoubleBuffer(buffer, start.committed, committed.end);
  }

  read(): Committed {
    const { numbers } = this;
    this.shared.read(numbers);
    return {
      head: numbers[committed.head]!,
      fileBytes: numbers[committed.fileBytes]!,
      messages: numbers[committed.messages]!,
      blocks: numbers[committed.blocks]!,
    };
  }

  write({ head, fileBytes, messages, blocks }: Committed): void {
    const { numbers } = this;
    numbers[committed.head] = head;
    numbers[committed.fileBytes] = fileBytes;
    numbers[committed.messages] = messages;
    numbers[committed.blocks] = blocks;
    this.shared.write(numbers);
  }
}

/** Capture thread. */
export class QueueReader {
  private readonly views: Views;
  private readonly commits: Commits;
  private position: number;
  private readonly record: LaneRecord;
  private readonly found: QueueRecord = { kind: 0, socket: 0, arrivalMs: 0, body: new Uint8Array(0) };

  constructor(buffer: SharedArrayBuffer) {
    this.views = new Views(buffer);
    this.record = new LaneRecord(this.views, start.records);
    this.commits = new Commits(buffer);
    this.position = this.committed.head;
  }

  get committed(): Committed {
    return this.commits.read();
  }

  /** The next record, always in the same object; null when there is none. */
  next(): QueueRecord | null {
    const { record, found } = this;
    if (Atomics.load(this.views.i32, word.tail) === this.position) return null;
    record.moveTo(this.position);
    if (record.kind === turn) {
      this.position = 0;
      record.moveTo(0);
    }
    const { payloadAt, payloadBytes } = record;
    found.kind = record.kind;
    found.socket = record.stream >>> 0;
    found.arrivalMs = record.arrivalMs;
    found.body = this.views.bytes.subarray(payloadAt, payloadAt + payloadBytes);
    this.position += record.size;
    return found;
  }

  /** All that was read so far is on the disk. */
  commit(fileBytes: number, messages: number, blocks: number): void {
    this.commits.write({ head: this.position, fileBytes, messages, blocks });
    Atomics.store(this.views.i32, word.head, this.position);
  }

  /** A thread died between the two stores of a commit. */
  restore(): void {
    Atomics.store(this.views.i32, word.head, this.committed.head);
  }
}
