/** A deadline for what may never come. Any thread. */

/** Waits for something, but not longer than this. Returns whether it came. */
export async function within(timeoutMs: number, done: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const isLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const result = await Promise.race([done.then(() => true), isLate]);
  clearTimeout(timer);
  return result;
}
