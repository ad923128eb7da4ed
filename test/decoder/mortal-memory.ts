/**
 * Shared memory through which a thread's own stores can be counted and stopped: at a chosen one the thread "dies" - that
 * store and all later ones throw, so nothing of the thread reaches the memory any more, whatever it catches - or meets an
 * exception, once, from which it may recover. Only for code that takes its views from a `SharedMemory`.
 */
import { SharedMemory } from '../../src/memory/shared-memory.ts';

export class Death extends Error {}

type Words = Int32Array | Float64Array;

/** Real arrays by what stands for them. */
const arrays = new WeakMap<object, { array: Words; mortal: Mortal }>();
const writers = new Set(['fill', 'set', 'copyWithin']);

export class Mortal {
  readonly memory: SharedMemory;
  /** Stores that were begun so far. */
  stores = 0;
  /** The stores, counted from 1, at which the thread meets an exception, and at which it dies. */
  throwsAt = Number.POSITIVE_INFINITY;
  diesAt = Number.POSITIVE_INFINITY;

  constructor(of: SharedMemory) {
    this.memory = SharedMemory.attach(of.handle);
    const { control, streams, slabs, lanes } = this.memory;
    for (const views of [control, streams, ...slabs, ...lanes]) {
      const { i32, f64, bytes } = views;
      const write = bytes.write.bind(bytes) as (...args: unknown[]) => number;
      Object.defineProperty(bytes, 'write', {
        value: (...args: unknown[]) => {
          this.store();
          return write(...args);
        },
      });
      Object.defineProperties(views, { i32: { value: this.standIn(i32) }, f64: { value: this.standIn(f64) } });
    }
  }

  /** Called before each store. `isAtomic`: nothing but the end of the thread can come between two of them. */
  store(isAtomic = false): void {
    this.stores++;
    if (this.stores >= this.diesAt) throw new Death();
    if (this.stores === this.throwsAt && !isAtomic) throw new Error('an exception at a store');
  }

  private standIn<T extends Words>(array: T): T {
    const { store } = this;
    const standIn = new Proxy(array, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (writers.has(String(name))) store.call(this);
          return Reflect.apply(value, target, args) as unknown;
        };
      },
      set: (target, name, value) => {
        store.call(this);
        return Reflect.set(target, name, value, target);
      },
    });
    arrays.set(standIn, { array, mortal: this });
    return standIn;
  }
}

/** `Atomics` take nothing but real arrays: from now on they know what stands for one. Returns how to undo that. */
export function patchAtomics(): () => void {
  const atomics = Atomics as unknown as Record<string, (array: object, ...rest: unknown[]) => unknown>;
  const originals = ['load', 'store', 'add', 'sub', 'compareExchange'].map((name) => [name, atomics[name]!] as const);
  for (const [name, original] of originals) {
    atomics[name] = (array, ...rest) => {
      const known = arrays.get(array);
      if (known !== undefined && name !== 'load') known.mortal.store(true);
      return original(known?.array ?? array, ...rest);
    };
  }
  return () => {
    for (const [name, original] of originals) atomics[name] = original;
  };
}
