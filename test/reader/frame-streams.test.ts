/** A reader as a stream: frames of their own, taken from the ring when they are asked for, and counted as exactly as by `read`. */
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ReaderGroup } from '../../src/reader/reader-group.ts';
import { RingReader } from '../../src/reader/ring-reader.ts';
import { Frame } from '../../src/ring/frame.ts';
import { RingWriter } from '../../src/ring/writer.ts';
import { assertFrame, readable, smallMemory, write, writeMany } from '../ring/ring-rig.ts';
import { trackOf } from '../sink/sink-rig.ts';

/** A ring that holds at least so many frames, with a reader of it. */
function rig(ringSlotCount = 128) {
  const { memory, pool } = smallMemory(1, ringSlotCount);
  const writer = new RingWriter(memory, pool.take());
  writer.open(16_000, Buffer.from('a'), 0, 1);
  const drained: unknown[] = [];
  const group = new ReaderGroup({ name: 'ears', memory, lingerMs: 50, onDrained: (_, end) => drained.push(end) });
  const address = { index: writer.index, generation: 0 };
  group.started(address, 's');
  const reader = new RingReader(group.handle(address, trackOf('a'))!);
  return { writer, reader, group, address, drained };
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function sequencesOf(frames: readonly Frame[]): number[] {
  for (const frame of frames) assertFrame(frame, frame.sequence);
  return frames.map(({ sequence }) => sequence);
}

async function listOf(frames: AsyncIterable<Frame>): Promise<Frame[]> {
  const list: Frame[] = [];
  for await (const frame of frames) list.push(frame);
  return list;
}

/** Each way to all frames of a reader as a list that is looked at when all are there. */
const ways: Readonly<Record<string, (reader: RingReader) => Promise<Frame[]>>> = {
  'for await': (reader) => listOf(reader),
  'Readable.from': (reader) => listOf(Readable.from(reader)),
  toReadable: (reader) => listOf(reader.toReadable()),
  'toReadable with data events': async (reader) => {
    const frames: Frame[] = [];
    await once(
      reader.toReadable().on('data', (frame) => frames.push(frame)),
      'end',
    );
    return frames;
  },
  toWebStream: (reader) => listOf(reader.toWebStream()),
};

describe.each(Object.entries(ways))('%s', (_, collect) => {
  it('gives 100 distinct frames of 100, each with its own audio', async () => {
    const { writer, reader } = rig();
    writeMany(writer, 0, 100);
    writer.end();
    const frames = await collect(reader);
    expect(new Set(frames).size).toBe(100);
    expect(new Set(frames.map(({ pcm }) => pcm.buffer)).size).toBe(100);
    expect(sequencesOf(frames)).toEqual(numbers(0, 100));
    expect(reader).toMatchObject({ framesRead: 100, framesLapped: 0 });
  });

  it('waits for frames that are yet to come', async () => {
    const { writer, reader } = rig();
    const collected = collect(reader);
    for (let n = 0; n < 6; n += 2) {
      writeMany(writer, n, 2);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    writer.end();
    expect(sequencesOf(await collected)).toEqual(numbers(0, 6));
  });
});

interface Consumer {
  next(): Promise<Frame>;
  cancel(): Promise<unknown>;
}

/** Each adapter with somebody who takes one frame at a time. */
const adapters: Readonly<Record<string, (reader: RingReader) => Consumer>> = {
  'for await': (reader) => {
    const frames = reader[Symbol.asyncIterator]();
    return { next: async () => (await frames.next()).value!, cancel: async () => frames.return?.() };
  },
  toReadable: (reader) => {
    const readable = reader.toReadable();
    let taken = Promise.withResolvers<Frame>();
    let release: (() => void) | null = null;
    const slow = new Writable({
      objectMode: true,
      highWaterMark: 1,
      write(frame: Frame, _, done) {
        release = done;
        taken.resolve(frame);
        taken = Promise.withResolvers();
      },
    });
    return {
      next: () => {
        const { promise } = taken;
        if (release === null) readable.pipe(slow);
        else release();
        return Promise.race([promise, once(readable, 'close').then(() => Promise.reject(new Error('closed')))]);
      },
      cancel: async () => {
        readable.destroy();
        if (!readable.closed) await once(readable, 'close');
      },
    };
  },
  toWebStream: (reader) => {
    const frames = reader.toWebStream().getReader();
    return { next: async () => (await frames.read()).value!, cancel: () => frames.cancel() };
  },
};

describe.each(Object.entries(adapters))('%s', (_, adapt) => {
  it('takes nothing out of the ring before it is asked', async () => {
    const { writer, reader } = rig();
    writeMany(writer, 0, 10);
    const consumer = adapt(reader);
    await turn();
    expect(reader.framesRead).toBe(0);
    expect((await consumer.next()).sequence).toBe(0);
    await turn();
    expect(reader.framesRead).toBe(1);
  });

  it('is lapped behind a slow consumer, and says by exactly how many frames', async () => {
    const { writer, reader, group, address, drained } = rig(8);
    const consumer = adapt(reader);
    const seen: number[] = [];
    for (let n = 0; n < 60; n += 20) {
      writeMany(writer, n, 20);
      const frame = await consumer.next();
      assertFrame(frame, frame.sequence);
      seen.push(frame.sequence);
      await turn();
    }
    expect(seen).toEqual([20 - readable, 40 - readable, 60 - readable]);
    expect(reader).toMatchObject({ framesRead: 3, framesLapped: 60 - readable - 2, lag: readable - 1 });
    expect([group.frames, group.lappedFrames]).toEqual([3, 60 - readable - 2]);
    await consumer.cancel();
    writer.end();
    group.ended(address, 60);
    expect(drained).toEqual([{ framesRead: 3, framesLapped: 57 }]);
  });

  it.each(['before the first frame', 'after a frame', 'while it waits for one'])(
    'frees the reader %s',
    async (when) => {
      const { writer, reader, group, address, drained } = rig();
      writeMany(writer, 0, 1);
      const consumer = adapt(reader);
      if (when !== 'before the first frame') await consumer.next();
      const waiting = when === 'while it waits for one' ? consumer.next().catch(() => null) : null;
      await turn();
      await consumer.cancel();
      await waiting;
      expect(reader.read(new Frame())).toBe('ended');
      write(writer, 1);
      expect(group.frames + group.lappedFrames).toBe(1);
      writer.end();
      group.ended(address, 2);
      const read = when === 'before the first frame' ? 0 : 1;
      expect(drained).toEqual([{ framesRead: read, framesLapped: 2 - read }]);
    },
  );
});

it('is destroyed with its pipeline: a consumer that fails frees the reader', async () => {
  const { writer, reader } = rig();
  writeMany(writer, 0, 50);
  const seen: number[] = [];
  const failing = new Writable({
    objectMode: true,
    highWaterMark: 1,
    write({ sequence }: Frame, _, done) {
      seen.push(sequence);
      done(sequence === 9 ? new Error('broken') : null);
    },
  });
  await expect(pipeline(reader.toReadable(), failing)).rejects.toThrow('broken');
  expect(seen).toEqual(numbers(0, 10));
  expect(reader.read(new Frame())).toBe('ended');
  expect(reader.framesRead + reader.framesLapped).toBe(50);
});

it('holds one frame ahead at the most where a loop reads the stream of Node.js, and none is lost between', async () => {
  const { writer, reader } = rig(8);
  const frames = reader.toReadable()[Symbol.asyncIterator]();
  let seen = 0;
  for (let n = 0; n < 100; n += 20) {
    writeMany(writer, n, 20);
    const { value } = await frames.next();
    assertFrame(value, value.sequence);
    seen++;
    await turn();
    expect(reader.framesRead - seen).toBeLessThanOrEqual(1);
  }
  writer.end();
  for (let next = await frames.next(); !next.done; next = await frames.next()) seen++;
  expect(reader.framesRead).toBe(seen);
  expect(reader.framesRead + reader.framesLapped).toBe(100);
});

it('copies a frame with all that is known of it', () => {
  const { writer, reader } = rig();
  writeMany(writer, 0, 2);
  const frame = new Frame();
  reader.read(frame);
  const copy = frame.copy();
  expect(copy).toBeInstanceOf(Frame);
  reader.read(frame);
  assertFrame(copy, 0);
  assertFrame(frame, 1);
});
