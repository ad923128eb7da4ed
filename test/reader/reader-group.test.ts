/** The readers of one name as the main thread counts them: also if they never come, come late, or never finish. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { ReaderGroup } from '../../src/reader/reader-group.ts';
import { RingReader } from '../../src/reader/ring-reader.ts';
import { Frame } from '../../src/ring/frame.ts';
import { newRing, writeMany } from '../ring/ring-rig.ts';
import { trackOf } from '../sink/sink-rig.ts';

const lingerMs = 60;

function rig() {
  const { memory, writer } = newRing();
  const drained: unknown[] = [];
  const group = new ReaderGroup({ name: 'ears', memory, lingerMs, onDrained: (...end) => drained.push(end) });
  const address = { index: writer.index, generation: 0 };
  group.started(address, 's');
  return { writer, group, address, drained };
}

it('is done at once with a ring that nobody asked for', () => {
  const { writer, group, address, drained } = rig();
  writeMany(writer, 0, 4);
  group.ended(address, 4);
  expect(drained).toEqual([['s', { framesRead: 0, framesLapped: 0 }]]);
  expect(group.handle(address, trackOf('a'))).toBeNull();
});

it('waits for a reader that is not at the end, and is done when it is', async () => {
  const { writer, group, address, drained } = rig();
  const reader = new RingReader(group.handle(address, trackOf('a'))!);
  writeMany(writer, 0, 4);
  writer.end();
  group.ended(address, 4);
  expect(drained).toEqual([]);
  while (reader.read(new Frame()) === 'frame');
  await sleep(lingerMs / 3);
  expect(drained).toEqual([['s', { framesRead: 4, framesLapped: 0 }]]);
});

it('counts as lapped what a reader has not read when the time is up', async () => {
  const { writer, group, address, drained } = rig();
  const reader = new RingReader(group.handle(address, trackOf('a'))!);
  writeMany(writer, 0, 4);
  reader.read(new Frame());
  group.ended(address, 4);
  // Only the time for which this thread was awake counts.
  await vi.waitFor(() => expect(drained).toEqual([['s', { framesRead: 1, framesLapped: 3 }]]), 10_000);
  expect([group.frames, group.lappedFrames]).toEqual([1, 3]);
});

it('gives the same ring to a caller that asks again', () => {
  const { group, address } = rig();
  const [one, two] = [group.handle(address, trackOf('a'))!, group.handle(address, trackOf('a'))!];
  expect(one.progress).toBe(two.progress);
  expect(one).toMatchObject({ reader: 'ears', participantId: 'a', sampleRate: 16_000 });
});
