/**
 * Which streams a sink's thread still has tracks of, and the end of those of which no other track will follow: the sink does what is
 * left to do for them, and the main thread is notified when that is done. Sink thread.
 */
import type { FromSink, StreamEnd } from './messages.ts';
import type { Sink } from './sink.ts';

export class StreamEnds {
  private readonly sink: Sink;
  private readonly report: (error: unknown, streamId: string) => void;
  private readonly tell: (message: FromSink) => void;
  private readonly tracksOf = new Map<string, number>();
  private readonly ended = new Map<string, StreamEnd>();

  constructor(sink: Sink, report: (error: unknown, streamId: string) => void, tell: (message: FromSink) => void) {
    this.sink = sink;
    this.report = report;
    this.tell = tell;
  }

  trackBegan(streamId: string): void {
    this.tracksOf.set(streamId, (this.tracksOf.get(streamId) ?? 0) + 1);
  }

  trackOver(streamId: string): void {
    this.tracksOf.set(streamId, this.tracksOf.get(streamId)! - 1);
    this.forget(streamId);
  }

  streamEnded(stream: StreamEnd): void {
    this.ended.set(stream.streamId, stream);
    this.forget(stream.streamId);
  }

  private forget(streamId: string): void {
    const stream = this.ended.get(streamId);
    if (stream === undefined || (this.tracksOf.get(streamId) ?? 0) > 0) return;
    this.ended.delete(streamId);
    this.tracksOf.delete(streamId);
    void this.finish(stream);
  }

  private async finish({ ofStream, ...stream }: StreamEnd): Promise<void> {
    const { streamId } = stream;
    let isComplete = true;
    try {
      const finishing = this.sink.streamEnded(streamId, { ...stream, checkpoint: new Float64Array(ofStream) });
      if (finishing instanceof Promise) await finishing;
    } catch (error) {
      isComplete = false;
      this.report(error, streamId);
    }
    this.tell({ type: 'streamDone', streamId, isComplete });
  }
}
