/**
 * Time as a busy machine gives it: an interval in which this process itself did not get its turn counts only as far as it was
 * due. So what took too long by this clock did not do so because the machine had other things to do.
 */
const tickMs = 50;

export class FairClock {
  elapsedMs = 0;
  private lastMs = performance.now();
  private readonly timer = setInterval(() => {
    const nowMs = performance.now();
    this.elapsedMs += Math.min(nowMs - this.lastMs, 2 * tickMs);
    this.lastMs = nowMs;
  }, tickMs);

  stop(): number {
    clearInterval(this.timer);
    return this.elapsedMs;
  }
}

/** How long something took, by a fair clock. */
export async function took(done: Promise<unknown>): Promise<number> {
  const clock = new FairClock();
  try {
    await done;
  } finally {
    clock.stop();
  }
  return clock.elapsedMs;
}
