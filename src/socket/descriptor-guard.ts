/**
 * Keeps file descriptors for recordings and the admin port: says when the ingest port must accept no more connections, and
 * when there is room again. Without descriptors the accept loop would turn for nothing, and files could not be opened. Main
 * thread.
 */
import { descriptorReserveMax, descriptorReserveMin, descriptorReserveShare } from '../base/limits.ts';

/** A reading holds for so long; connections made since are added to it. */
const readingMs = 100;

export interface DescriptorSources {
  /** How many there are now, and how many there may be; null where that is unknown. */
  readonly open: () => number;
  readonly most: number | null;
}

export class DescriptorGuard {
  private readonly sources: DescriptorSources;
  private readonly ceiling: number;
  private known = 0;
  private readMs = Number.NEGATIVE_INFINITY;

  constructor(sources: DescriptorSources) {
    this.sources = sources;
    const most = sources.most ?? Number.POSITIVE_INFINITY;
    const reserve = Math.min(descriptorReserveMax, Math.max(descriptorReserveMin, most * descriptorReserveShare));
    this.ceiling = Math.max(0, most - reserve);
  }

  /** One more is open; false when none may follow. */
  accepted(nowMs: number): boolean {
    this.known++;
    if (this.ceiling === Number.POSITIVE_INFINITY) return true;
    if (nowMs - this.readMs > readingMs || this.known >= this.ceiling) this.read(nowMs);
    return this.known < this.ceiling;
  }

  /** Whether there is room for some more, after there was none. */
  hasRoom(nowMs: number): boolean {
    this.read(nowMs);
    return this.known < this.ceiling - Math.min(descriptorReserveMin / 4, this.ceiling / 4);
  }

  private read(nowMs: number): void {
    this.known = this.sources.open();
    this.readMs = nowMs;
  }
}
