/**
 * The streams that a sink may speak into, as its thread is told of them: each with the way into it, anew when a thread takes over
 * and when the way has changed. Empty for a sink that does not speak. Main thread.
 */
import type { StreamStart, ToSink } from './messages.ts';

export class ToldStreams {
  /** The sink speaks. Its thread says so before it is ready. */
  areWanted = false;
  private readonly post: (message: ToSink) => void;
  private readonly streams = new Map<string, StreamStart>();
  /** What the thread has not been told of yet; null while there is none. */
  private untold: StreamStart[] | null = null;

  constructor(post: (message: ToSink) => void) {
    this.post = post;
  }

  started(start: StreamStart): void {
    const known = this.streams.get(start.streamId);
    if (!this.areWanted || (known !== undefined && known.playback === start.playback)) return;
    this.streams.set(start.streamId, start);
    if (this.untold !== null) this.post({ type: 'streamsStarted', streams: [start] });
  }

  over(streamId: string): void {
    if (this.streams.delete(streamId) && this.untold !== null) this.post({ type: 'streamOver', streamId });
  }

  /** A thread is ready. */
  begin(): void {
    this.untold = [...this.streams.values()];
  }

  /** There is no thread. */
  end(): void {
    this.untold = null;
  }

  /** Tells of so many. Returns whether it was the last time. */
  tell(count: number): boolean {
    // What has changed meanwhile, the thread knows.
    const next = (this.untold?.splice(0, count) ?? []).filter((start) => this.streams.get(start.streamId) === start);
    if (next.length > 0) this.post({ type: 'streamsStarted', streams: next });
    return (this.untold?.length ?? 0) === 0;
  }
}
