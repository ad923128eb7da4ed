/** A decode worker that is killed while it waits for a reader: the message in hand is lost, counted, and nothing else. */
import { expect, it, onTestFinished } from 'vitest';
import { DecoderPool } from '../../src/decoder/pool.ts';
import { Lane } from '../../src/lane/lane.ts';
import { lane, ring } from '../../src/memory/layout.ts';
import { reasonIndex } from '../../src/memory/outcomes.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { ringSlotCount } from '../../src/memory/sizes.ts';
import { placeOf, RingCursor } from '../../src/ring/cursor.ts';
import { Frame } from '../../src/ring/frame.ts';
import { framesHeld, Gate } from '../../src/ring/gate.ts';
import { audio, metadata } from '../support/acs-client.ts';
import { eventually } from '../support/gateway-process.ts';

const frames = 200;

it('is replaced, and every message is in the ring or counted', async () => {
  const memory = SharedMemory.create({
    ringCount: 2,
    ringSlotCount: ringSlotCount(2),
    streamCount: 1,
    participantsMax: 1,
    laneCount: 1,
    laneHalfBytes: 2 ** 20,
  });
  const pool = new DecoderPool({
    memory,
    decoder: 'scan',
    flushIntervalMs: 1,
    onReport: () => {},
    onDegraded: () => {},
    onFailed: () => {},
  });
  await pool.start();
  onTestFinished(() => pool.stop());
  const incoming = new Lane({
    memory,
    index: 0,
    flushIntervalMs: 1,
    work: (...args) => pool.work(...args),
    onChanges: () => {},
    onWorkerLost: () => {},
  });
  onTestFinished(() => incoming.stop());
  const { i32, f64 } = memory.lanes[0]!;
  const push = (text: string) => expect(incoming.pushMessage(0, performance.now(), Buffer.from(text))).toBe(true);
  push(metadata());
  push(audio(0));
  await eventually(() => f64[lane.committed / 8] === 1);

  const slab = memory.slabOf(0).i32;
  const gate = new Gate(memory, 0);
  const address = { index: 0, generation: slab[ring.generation / 4]! };
  const reader = new RingCursor(placeOf(memory, address));
  gate.enter(1);
  gate.note(1, address, 0);
  for (let n = 1; n < frames; n++) push(audio(n));
  // Called at half of the ring, and before it is waited for.
  await eventually(() => gate.urges >= 2);
  const { thread } = pool.workers[0] as unknown as { thread: { terminate(): Promise<number> } };
  await thread.terminate();

  const frame = new Frame();
  await eventually(() => {
    while (reader.read(frame) === 'frame') expect(frame.sequence).toBe(reader.next - 1);
    gate.note(1, address, reader.next);
    return incoming.backlogBytes === 0;
  });
  const lost = f64[lane.dropped / 8 + reasonIndex.worker_lost]!;
  expect(lost).toBeLessThanOrEqual(1);
  expect(f64[lane.committed / 8]! + lost).toBe(frames);
  expect([slab[ring.head / 4], f64[lane.unaccounted / 8]]).toEqual([frames - lost, 0]);
  while (reader.read(frame) === 'frame');
  expect(reader.framesRead + reader.framesLapped).toBe(frames - lost);
  expect(i32[lane.urgedCount / 4]).toBeGreaterThanOrEqual(2);
  expect(framesHeld(ringSlotCount(2))).toBeLessThan(frames);
});
