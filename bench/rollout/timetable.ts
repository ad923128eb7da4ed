/** What happens when: a binary heap. Invariant: what is due at the same moment comes out in the order in which it went in. */

interface Entry<T> {
  readonly at: number;
  readonly order: number;
  readonly what: T;
}

export class Timetable<T> {
  private readonly heap: Entry<T>[] = [];
  private orders = 0;

  /** When the next one is due; infinite if there is none. */
  get nextAt(): number {
    return this.heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** What is due never is not kept. */
  add(at: number, what: T): void {
    if (at === Number.POSITIVE_INFINITY) return;
    const { heap } = this;
    const entry: Entry<T> = { at, order: this.orders++, what };
    let i = heap.length;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  /** There must be one. */
  take(): T {
    const { heap } = this;
    const { what } = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) this.sink(last);
    return what;
  }

  /** From the top down to where it belongs. */
  private sink(entry: Entry<T>): void {
    const { heap } = this;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, entry)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = entry;
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
