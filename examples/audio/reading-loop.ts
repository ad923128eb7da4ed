/**
 * Reads all participants of a worker in one loop with one timer: each costs a look at its ring every 20 ms. A listener gets frames in
 * order and once: duplicates and late frames are skipped, because live audio has moved past them. (To write files, put each frame at
 * `positionSamples` instead.) Worker thread.
 */
import { FrameBatch, type RingHandle, RingReader, type Track } from '../../src/index.ts';

/** What listens to one participant. */
export interface Listener {
  /** One frame of the batch, which is reused afterwards. */
  take(batch: FrameBatch, frame: number): void;
  /** Nothing arrived for this long: the participant is not among the dominant speakers, or the network is down. */
  idle?(forMs: number): void;
  /** The last frame was taken. */
  end(framesRead: number, framesLapped: number): void;
}

interface Reading {
  readonly reader: RingReader;
  readonly listener: Listener;
  heardMs: number;
}

const intervalMs = 20;
/** A second at a time: a loop that was held up catches up in few rounds. */
const batchFrames = 50;

export class ReadingLoop {
  private readonly readings = new Set<Reading>();
  private readonly batch = new FrameBatch(batchFrames);
  private readonly timer = setInterval(() => this.round(performance.now()), intervalMs);

  /** @param listen makes the listener of a participant */
  add(handle: RingHandle, listen: (track: Track) => Listener): void {
    const reader = new RingReader(handle);
    this.readings.add({ reader, listener: listen(reader.track), heardMs: performance.now() });
  }

  /** Reads what is left, then ends every listener. */
  stop(): void {
    clearInterval(this.timer);
    this.round(performance.now());
    for (const reading of this.readings) this.end(reading);
  }

  private round(nowMs: number): void {
    for (const reading of this.readings) {
      let result = reading.reader.readBatch(this.batch);
      for (; result === 'frame'; result = reading.reader.readBatch(this.batch)) this.take(reading, nowMs);
      if (result !== 'empty') this.end(reading);
      else if (nowMs > reading.heardMs) reading.listener.idle?.(nowMs - reading.heardMs);
    }
  }

  private take(reading: Reading, nowMs: number): void {
    const { batch } = this;
    reading.heardMs = nowMs;
    for (let frame = 0; frame < batch.frameCount; frame++) {
      if (!batch.isDuplicate(frame) && !batch.isLate(frame)) reading.listener.take(batch, frame);
    }
  }

  private end(reading: Reading): void {
    this.readings.delete(reading);
    reading.reader.close();
    reading.listener.end(reading.reader.framesRead, reading.reader.framesLapped);
  }
}
