/** How the offsets of `layout.ts` follow from each other: field after field, each where its size can be read. */

const cacheLineBytes = 64;
export const cacheLinesBytes = 2 * cacheLineBytes;

export function alignUp(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Hands out consecutive offsets, in bytes. */
export class Offsets {
  end: number;
  constructor(start = 0) {
    this.end = start;
  }
  i32(count = 1): number {
    const at = this.end;
    this.end += 4 * count;
    return at;
  }
  f64(count = 1): number {
    this.end = alignUp(this.end, 8);
    const at = this.end;
    this.end += 8 * count;
    return at;
  }
  bytes(count: number): number {
    this.end = alignUp(this.end, 8);
    const at = this.end;
    this.end += count;
    return at;
  }
  /** Starts a cache line. */
  line(): this {
    this.end = alignUp(this.end, cacheLineBytes);
    return this;
  }
  /** Starts a group that another thread writes. */
  apart(): this {
    this.end = alignUp(this.end, cacheLinesBytes);
    return this;
  }
}
