/** What the sleeping thread of starvation.ts notes for the others. */
export const figures = { worstMs: 0, sumMs: 1, sleeps: 2, dueMs: 3 } as const;
export const figuresBytes = 8 * Object.keys(figures).length;
export const sleepMs = 5;

/** The same clock in all threads. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
