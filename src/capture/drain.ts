/**
 * Takes what is in the queue, makes blocks of it and appends them to the file. What cannot be written is tried again, and
 * nothing further is taken meanwhile: the queue fills, and the main thread counts what finds no room. Capture thread.
 */

import type { CaptureSpec } from '../config/capture-spec.ts';
import type { CaptureFile } from './capture-file.ts';
import { recordKind, replacedFlag } from './format.ts';
import { BlockWriter } from './format-writer.ts';
import type { QueueReader } from './queue.ts';

/** Replaces what must not be written. The result is as long as what it replaces; `isReplaced`: it was not understood. */
export interface Redaction {
  apply(kind: number, body: Uint8Array): { readonly body: Uint8Array; readonly isReplaced: boolean };
}

export interface DrainOptions {
  readonly queue: QueueReader;
  readonly file: CaptureFile;
  readonly compress: CaptureSpec['compress'];
  /** Null: everything as it came. */
  readonly redaction: Redaction | null;
  /** When time began, on the process's clock. */
  readonly startedMs: number;
}

/** Blocks written per turn, so that the thread can be stopped between turns. */
const blocksPerTurn = 64;

export class Drain {
  private readonly options: DrainOptions;
  private readonly writer: BlockWriter;
  private messages: number;
  private blocks: number;
  /** A block that could not be written yet. */
  private pending: Buffer | null = null;

  constructor(options: DrainOptions) {
    this.options = options;
    this.writer = new BlockWriter(options.compress);
    const { messages, blocks } = options.queue.committed;
    this.messages = messages;
    this.blocks = blocks;
  }

  /** Writes what is there. Returns false when there may be more. Throws when the disk does not take it; call it again. */
  turn(): boolean {
    if (this.pending !== null) this.write(this.pending);
    for (let n = 0; n < blocksPerTurn; n++) {
      this.collect();
      if (this.writer.records === 0) return true;
      this.write(this.writer.finish(this.blocks));
    }
    return false;
  }

  private collect(): void {
    const { queue, redaction, startedMs } = this.options;
    const { writer } = this;
    while (!writer.isFull) {
      const record = queue.next();
      if (record === null) return;
      const { socket, arrivalMs } = record;
      const atUs = Math.max(0, (arrivalMs - startedMs) * 1000);
      if (record.kind === recordKind.text || record.kind === recordKind.binary) this.messages++;
      if (redaction === null) writer.add(record.kind, socket, atUs, record.body);
      else {
        const { body, isReplaced } = redaction.apply(record.kind, record.body);
        writer.add(isReplaced ? record.kind | replacedFlag : record.kind, socket, atUs, body);
      }
    }
  }

  private write(block: Buffer): void {
    const { file, queue } = this.options;
    this.pending = block;
    file.append(block);
    this.pending = null;
    this.blocks++;
    queue.commit(file.bytes, this.messages, this.blocks);
  }
}
