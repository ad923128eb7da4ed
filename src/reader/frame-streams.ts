/**
 * A reader as the streams that others take: each frame in memory of its own. A frame leaves the ring when it is asked for and not
 * before: the ring is the buffer, and what a slow consumer misses is counted as lapped there. Any one thread.
 */
import { Readable } from 'node:stream';
import { ReadableStream, type ReadableStreamDefaultController } from 'node:stream/web';
import type { ReadResult } from '../ring/cursor.ts';
import { Frame } from '../ring/frame.ts';
import { nextTick } from './tick.ts';

/** What frames are taken from: `RingReader`. */
export interface FrameSource {
  read(frame: Frame): ReadResult;
  close(): void;
}

/** Nothing is buffered in a stream: it would count as read before the consumer had it. (Node.js itself holds one frame ahead of a loop.) */
const highWaterMark = 0;

async function* framesOf(source: FrameSource): AsyncGenerator<Frame, void, undefined> {
  let frame = new Frame();
  try {
    for (;;) {
      const result = source.read(frame);
      if (result === 'frame') {
        yield frame;
        frame = new Frame();
      } else if (result === 'empty') await nextTick();
      else return;
    }
  } finally {
    source.close();
  }
}

export function iterateFrames(source: FrameSource): AsyncIterableIterator<Frame, void, undefined> {
  const frames = framesOf(source);
  const iterator: AsyncIterableIterator<Frame, void, undefined> = {
    next: () => frames.next(),
    // A generator that has not begun, or that waits, would not close the reader by itself, or late.
    return: () => {
      source.close();
      return frames.return();
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

export function readableOf(source: FrameSource): Readable {
  let frame = new Frame();
  return new Readable({
    objectMode: true,
    highWaterMark,
    async read() {
      let result = source.read(frame);
      for (; result === 'empty'; result = source.read(frame)) await nextTick();
      if (result !== 'frame') this.push(null);
      else {
        const given = frame;
        frame = new Frame();
        this.push(given);
      }
    },
    destroy(error, done) {
      source.close();
      done(error);
    },
  });
}

export function webStreamOf(source: FrameSource): ReadableStream<Frame> {
  let frame = new Frame();
  let isCancelled = false;
  const frames = {
    async pull(controller: ReadableStreamDefaultController<Frame>) {
      let result = source.read(frame);
      for (; result === 'empty'; result = source.read(frame)) await nextTick();
      if (isCancelled) return;
      if (result !== 'frame') controller.close();
      else {
        controller.enqueue(frame);
        frame = new Frame();
      }
    },
    cancel() {
      isCancelled = true;
      source.close();
    },
  };
  return new ReadableStream<Frame>(frames, { highWaterMark });
}
