/**
 * Deletes whole finished calls from a folder of recordings: those that are too old, then the oldest until the rest fits. Never one that is
 * being written, by whichever process, and nothing that is no call. A call is renamed before it is deleted, so none is ever seen half
 * deleted. Works beside the thread, a folder at a time. Sink thread.
 */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './files.ts';
import { untouchedMs } from './finished.ts';

/** A call that was deleted. */
export interface RemovedCall {
  /** Where it was. */
  readonly folder: string;
  /** Too old, or too much. */
  readonly reason: 'keep' | 'max_gb';
  /** What it took on the disk. */
  readonly bytes: number;
}

export interface RetentionOptions {
  readonly folder: string;
  /** How long a finished call is kept; null: for ever. */
  readonly keepMs: number | null;
  /** How much disk all calls may take; null: all there is. */
  readonly bytesMax: number | null;
  /** Whether this process writes to it. */
  readonly isOpen: (folder: string) => boolean;
  readonly onRemoved: (call: RemovedCall) => void;
  readonly onError: (error: unknown) => void;
}

interface Call {
  readonly name: string;
  /** Taken on the disk. */
  readonly bytes: number;
  readonly lastWrittenMs: number;
  readonly isCall: boolean;
}

/** Of a call that is being deleted. */
const doomed = '.deleted';

/** What the files of a folder are, as far as it matters here; null if it is gone. */
async function look(folder: string, name: string): Promise<Call | null> {
  try {
    let [bytes, lastWrittenMs] = [0, 0];
    const entries = await readdir(join(folder, name), { withFileTypes: true });
    for (const entry of entries) {
      const { blocks, mtimeMs } = await stat(join(folder, name, entry.name));
      bytes += blocks * 512;
      lastWrittenMs = Math.max(lastWrittenMs, mtimeMs);
    }
    // What we write, and nothing else: files, and a note among them.
    const isCall =
      entries.some((entry) => entry.name.endsWith('.json')) &&
      entries.every((entry) => entry.isFile() && /\.(wav|pcm|json|part)$/.test(entry.name));
    return { name, bytes, lastWrittenMs, isCall };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

export class Retention {
  private readonly options: RetentionOptions;
  private isSweeping = false;
  private isStopped = false;

  constructor(options: RetentionOptions) {
    this.options = options;
  }

  stop(): void {
    this.isStopped = true;
  }

  /** Looks at all calls and deletes what must go. One sweep at a time. Never rejects. */
  async sweep(nowMs: number): Promise<void> {
    if (this.isSweeping || this.isStopped) return;
    this.isSweeping = true;
    try {
      await this.clear(nowMs);
    } catch (error) {
      this.options.onError(error);
    } finally {
      this.isSweeping = false;
    }
  }

  private async clear(nowMs: number): Promise<void> {
    const { folder, keepMs, bytesMax } = this.options;
    const calls: Call[] = [];
    let bytes = 0;
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (this.isStopped) return;
      if (!entry.isDirectory()) continue;
      if (entry.name.endsWith(doomed)) {
        // The thread that began that did not finish.
        await rm(join(folder, entry.name), { recursive: true, force: true });
        continue;
      }
      const call = await look(folder, entry.name);
      if (call?.isCall !== true) continue;
      bytes += call.bytes;
      calls.push(call);
    }
    calls.sort((a, b) => a.lastWrittenMs - b.lastWrittenMs);
    for (const call of calls) {
      if (this.isStopped) return;
      const isOld = keepMs !== null && nowMs - call.lastWrittenMs > keepMs;
      const isTooMuch = bytesMax !== null && bytes > bytesMax;
      if (!isOld && !isTooMuch) return;
      if (await this.remove(call, isOld ? 'keep' : 'max_gb', nowMs)) bytes -= call.bytes;
    }
  }

  /** Returns whether it is gone. */
  private async remove(call: Call, reason: RemovedCall['reason'], nowMs: number): Promise<boolean> {
    const path = join(this.options.folder, call.name);
    if (nowMs - call.lastWrittenMs < untouchedMs || this.options.isOpen(path)) return false;
    // Time has passed since.
    const again = await look(this.options.folder, call.name);
    if (again === null) return true;
    if (again.lastWrittenMs !== call.lastWrittenMs || !again.isCall) return false;
    try {
      await rename(path, path + doomed);
    } catch (error) {
      // Another gateway does the same.
      if (codeOf(error) === 'ENOENT') return true;
      throw error;
    }
    await rm(path + doomed, { recursive: true, force: true });
    this.options.onRemoved({ folder: path, reason, bytes: call.bytes });
    return true;
  }
}
