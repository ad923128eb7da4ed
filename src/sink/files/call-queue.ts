/**
 * The calls of a file sink that wait for their one file, made one after another, and slowly as long as calls are recorded: at most half of
 * the thread's time goes into it, a few milliseconds in a row. Sink thread.
 */
import { setTimeout as delay } from 'node:timers/promises';

type Job = (signal: AbortSignal, pause: () => Promise<void>) => Promise<void>;

/** What is still to be announced when time is up. */
const tellMs = 250;

export class CallQueue {
  private readonly abort = new AbortController();
  private last: Promise<void> = Promise.resolve();
  private isClosing = false;
  private turnedMs = 0;

  /** Resolves when the job is done; rejects with what it throws, or when there is no time for it any more. */
  add(job: Job): Promise<void> {
    const done = this.last.then(async () => {
      this.abort.signal.throwIfAborted();
      this.turnedMs = performance.now();
      await job(this.abort.signal, this.pause);
    });
    this.last = done.catch(() => {});
    return done;
  }

  /** Nothing is recorded any more: hurries, and gives up what cannot be finished in time. */
  async close(withinMs: number): Promise<void> {
    this.isClosing = true;
    const timer = setTimeout(
      () =>
        this.abort.abort(
          new Error('the gateway ended before the file of a call was made: acs-audio-gateway recording merge makes it'),
        ),
      Math.max(0, withinMs - tellMs),
    );
    await this.last;
    clearTimeout(timer);
  }

  /** As long a rest as the turn took. */
  private readonly pause = async (): Promise<void> => {
    if (!this.isClosing) await delay(Math.max(1, performance.now() - this.turnedMs));
    this.turnedMs = performance.now();
  };
}
