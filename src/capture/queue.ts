/**
 * The way of messages from the main thread to the capture's: a ring of records in shared memory, one writer, one reader.
 * Never waits: full is a return value, and the newest message is the one that is lost. The records are those of a lane
 * (`record` in memory/layout.ts). A reader that dies leaves what it had not committed to the next one.
 *
 *   | tail | head | what is committed | record | record | turn mark …
 */
import { DoubleBuffer } from '../memory/double-buffer.ts';
import { record, recordBytes } from '../memory/layout.ts';
import { Views } from '../memory/shared-memory.ts';

/** Offsets in bytes. What the two threads write lies two cache lines apart. */
const queue = { tail: 0, head: 128, committed: 136, records: 256 } as const;
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
  return new SharedArrayBuffer(queue.records + bytes);
}

/** Main thread. */
export class QueueWriter {
  private readonly views: Views;
  private readonly capacity: number;
  private readonly commits: Commits;
  private tail = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.views = new Views(buffer);
    this.commits = new Commits(buffer);
    this.capacity = buffer.byteLength - queue.records;
  }

  /** Copies a record into the queue. False: it is full. `body` may die as soon as this returns. */
  push(kind: number, socket: number, arrivalMs: number, body: Uint8Array): boolean {
    const { i32, f64, bytes } = this.views;
    const size = recordBytes(body.length);
    const head = Atomics.load(i32, queue.head >> 2);
    const { tail } = this;
    // A turn mark always fits behind the last record, and the tail never comes round to the head.
    if (tail < head) {
      if (tail + size >= head) return false;
    } else if (tail + size > this.capacity - 8) {
      if (size >= head) return false;
      i32[(queue.records + tail + record.kind) >> 2] = turn;
      this.tail = 0;
    }
    const at = queue.records + this.tail;
    i32[(at + record.kind) >> 2] = kind;
    i32[(at + record.payloadBytes) >> 2] = body.length;
    i32[(at + record.stream) >> 2] = socket;
    f64[(at + record.arrivalMs) >> 3] = arrivalMs;
    bytes.set(body, at + record.payload);
    this.tail += size;
    Atomics.store(i32, queue.tail >> 2, this.tail);
    return true;
  }

  /** Bytes that are not on the disk yet. */
  get backlogBytes(): number {
    const waiting = this.tail - Atomics.load(this.views.i32, queue.head >> 2);
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
    this.shared = new DoubleBuffer(buffer, queue.committed, committed.end);
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
  private readonly record: QueueRecord = { kind: 0, socket: 0, arrivalMs: 0, body: new Uint8Array(0) };

  constructor(buffer: SharedArrayBuffer) {
    this.views = new Views(buffer);
    this.commits = new Commits(buffer);
    this.position = this.committed.head;
  }

  get committed(): Committed {
    return this.commits.read();
  }

  /** The next record, always in the same object; null when there is none. */
  next(): QueueRecord | null {
    const { i32, f64, bytes } = this.views;
    if (Atomics.load(i32, queue.tail >> 2) === this.position) return null;
    if (i32[(queue.records + this.position + record.kind) >> 2] === turn) this.position = 0;
    const at = queue.records + this.position;
    const bodyBytes = i32[(at + record.payloadBytes) >> 2]!;
    this.record.kind = i32[(at + record.kind) >> 2]!;
    this.record.socket = i32[(at + record.stream) >> 2]! >>> 0;
    this.record.arrivalMs = f64[(at + record.arrivalMs) >> 3]!;
    this.record.body = bytes.subarray(at + record.payload, at + record.payload + bodyBytes);
    this.position += recordBytes(bodyBytes);
    return this.record;
  }

  /** All that was read so far is on the disk. */
  commit(fileBytes: number, messages: number, blocks: number): void {
    this.commits.write({ head: this.position, fileBytes, messages, blocks });
    Atomics.store(this.views.i32, queue.head >> 2, this.position);
  }

  /** A thread died between the two stores of a commit. */
  restore(): void {
    Atomics.store(this.views.i32, queue.head >> 2, this.committed.head);
  }
}
