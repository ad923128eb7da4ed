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

/**
 * The same offsets as indices: of words, for fields of 32 bits, and of doubles. A view takes each into a constant of its own:
 * V8 inlines a getter wherever it stands as long as it has no more than 27 bytes of bytecode, and looking an index up in an
 * object or dividing is more. That makes a quarter of what a frame costs.
 */
export function inWords<Fields extends Readonly<Record<string, number>>>(block: Fields): Fields {
  return divided(block, 4);
}
export function inDoubles<Fields extends Readonly<Record<string, number>>>(block: Fields): Fields {
  return divided(block, 8);
}

function divided<Fields extends Readonly<Record<string, number>>>(block: Fields, bytes: number): Fields {
  const indices = Object.entries(block).map(([name, at]) => [name, at / bytes]);
  return Object.fromEntries(indices) as Fields;
}
