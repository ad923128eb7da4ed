/** Holds this thread up for so long, as work would, without taking the processor from the others. */
const nothing = new Int32Array(new SharedArrayBuffer(4));

export function block(ms: number): void {
  Atomics.wait(nothing, 0, 0, ms);
}
