/**
 * What a thread looks at several times a second, all of it at one wake-up: to be woken costs more than such a look, and an idle process does
 * little else. Any thread; each has one pulse, which turns while there is something to look at and does not keep the thread alive.
 */

const beatMs = 50;

interface Look {
  readonly beats: number;
  readonly look: (nowMs: number) => void;
}

export class Pulse {
  private readonly looks = new Set<Look>();
  private timer: NodeJS.Timeout | null = null;
  private beats = 0;

  /**
   * Calls `look` every `periodMs`, a multiple of 50 ms, for the first time within one. Returns what ends it.
   * @param look gets the time of `performance.now()`
   */
  every(periodMs: number, look: (nowMs: number) => void): () => void {
    const entry = { beats: periodMs / beatMs, look };
    this.looks.add(entry);
    this.timer ??= setInterval(() => this.beat(), beatMs).unref();
    return () => {
      this.looks.delete(entry);
      if (this.looks.size > 0 || this.timer === null) return;
      clearInterval(this.timer);
      this.timer = null;
    };
  }

  private beat(): void {
    const nowMs = performance.now();
    this.beats++;
    for (const { beats, look } of this.looks) if (this.beats % beats === 0) look(nowMs);
  }
}

/** The pulse of this thread. */
export const pulse = new Pulse();
