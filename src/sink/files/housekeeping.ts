/** What a file sink does now and then: looks how much room there is, and deletes the calls that must go. Sink thread. */
import { statfs } from 'node:fs/promises';
import type { FileSinkSpec } from '../../config/sink-spec.ts';
import type { SinkContext } from '../sink.ts';
import { Retention } from './retention.ts';

/** How often it looks for room, and for calls to delete, which takes some system calls for each that is kept. */
const housekeepingMs = { disk: 10_000, retention: 600_000 } as const;

export class Housekeeping {
  private readonly folder: string;
  private readonly context: SinkContext;
  private readonly retention: Retention | null;
  private readonly timers: NodeJS.Timeout[] = [];
  private isMeasuring = false;

  constructor(spec: FileSinkSpec, context: SinkContext, isOpen: (folder: string) => boolean) {
    const { folder, keepMs = null, bytesMax = null } = spec;
    this.folder = folder;
    this.context = context;
    const { removed: onRemoved, report: onError } = context;
    this.retention =
      keepMs === null && bytesMax === null
        ? null
        : new Retention({ folder, keepMs, bytesMax, isOpen, onRemoved, onError });
  }

  start(): void {
    this.every(housekeepingMs.disk, () => void this.measure());
    if (this.retention === null) return;
    this.every(housekeepingMs.retention, () => void this.retention?.sweep(Date.now()));
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.retention?.stop();
  }

  private every(ms: number, action: () => void): void {
    setImmediate(action);
    this.timers.push(setInterval(action, ms).unref());
  }

  /** A disk that does not answer is asked once. */
  private async measure(): Promise<void> {
    if (this.isMeasuring) return;
    this.isMeasuring = true;
    try {
      const { bsize, blocks, bavail } = await statfs(this.folder);
      this.context.measured(blocks * bsize, bavail * bsize);
    } catch {
      // It was deleted, and is made again for the next call.
      this.context.measured(0, 0);
    } finally {
      this.isMeasuring = false;
    }
  }
}
