/** The decoder waits for readers that need every frame, within a budget, and for nobody else. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ringFramesMax } from '../../src/base/limits.ts';
import { Gating, gatedSavedMs, gatedShare, gatedWaitMsMax } from '../../src/decoder/gating.ts';
import { lane, ring, streamSlot } from '../../src/memory/layout.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { StreamSlot } from '../../src/memory/stream-slot.ts';
import type { RingAddress } from '../../src/ring/cursor.ts';
import { Gate } from '../../src/ring/gate.ts';
import { RingPool } from '../../src/ring/pool.ts';
import type { RingWriter } from '../../src/ring/writer.ts';
import { openRing } from '../ring/ring-rig.ts';
import type { GateReaderData } from './gate-reader.worker.ts';

const slotCount = 12;
const held = slotCount - 2;
const thread = 1;

function newRig(ringCount = 2, clock = () => performance.now()) {
  const memory = SharedMemory.create({
    ringCount,
    ringSlotCount: slotCount,
    streamCount: 8,
    participantsMax: 1,
    laneCount: 1,
    laneHalfBytes: 1024,
  });
  const pool = new RingPool(memory);
  const writers = Array.from({ length: ringCount }, () => openRing(memory, pool));
  const gating = new Gating(memory, clock);
  const gate = new Gate(memory, 0);
  return {
    memory,
    writers,
    gate,
    /** As the decoder does, frame by frame. */
    publish(writer: RingWriter, frames: number, stream = 0): void {
      for (let i = 0; i < frames; i++) {
        if (writer.isDue) gating.pass(writer, 1, new StreamSlot(memory, stream), 0);
        writer.commit(640, 0, 0, 0, 0, 0);
      }
    },
    get gatedMs(): number {
      return memory.lanes[0]!.f64[lane.gatedMs / 8]!;
    },
    get urged(): number {
      return memory.lanes[0]!.i32[lane.urgedCount / 4]!;
    },
  };
}

function addressOf({ index, i32, at }: RingWriter): RingAddress {
  return { index, generation: i32[(at + ring.generation) / 4]! };
}

/** Time that goes by in steps, however long a wait is. */
function steppingClock() {
  const time = { ms: 1_000_000, stepMs: 25, now: () => (time.ms += time.stepMs) };
  return time;
}

describe('a reader that needs every frame', () => {
  it('gets every frame of rings that are far too short, at the pace of the writer', async () => {
    const rig = newRig(3);
    const rings = rig.writers.map(addressOf);
    const workerData: GateReaderData = { memory: rig.memory.handle, rings };
    const reader = new Worker(new URL('./gate-reader.worker.ts', import.meta.url), {
      workerData,
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    onTestFinished(() => void reader.terminate());
    await once(reader, 'message');
    // A busy machine may use the budget up: what is tried here is that no frame is lost within it.
    const f64 = rig.memory.lanes[0]!.f64;
    const streamDebt = (rig.memory.streamOffset(0) + streamSlot.gatedMs) / 8;
    for (let round = 0; round < 3000; round++) {
      rig.publish(rig.writers[round % 3]!, 1 + (round % 20));
      f64[lane.gateDebtMs / 8] = 0;
      rig.memory.streams.f64[streamDebt] = 0;
    }
    reader.postMessage('end');
    const [counts] = (await once(reader, 'message')) as [{ framesRead: number; framesLapped: number; wrong: number }[]];
    counts.forEach(({ framesRead, framesLapped, wrong }, i) => {
      expect([framesRead, framesLapped, wrong]).toEqual([rig.writers[i]!.head, 0, 0]);
    });
  });

  it('is called when half of a ring is unread, and told which', () => {
    const rig = newRig();
    const [first, second] = rig.writers as [RingWriter, RingWriter];
    rig.gate.enter(thread);
    for (const writer of rig.writers) rig.gate.note(thread, addressOf(writer), 0);
    rig.publish(first, held / 2 - 1);
    rig.publish(second, held / 2 + 2);
    expect([rig.urged, rig.gate.urges, rig.gatedMs]).toEqual([1, 1, 0]);
    expect(rig.memory.lanes[0]!.i32[lane.urged / 4]).toBe(second.index);
  });

  it('that hangs is waited for once, and again when it has moved', () => {
    const time = steppingClock();
    const rig = newRig(2, time.now);
    const [first, second] = rig.writers as [RingWriter, RingWriter];
    rig.gate.enter(thread);
    for (const writer of rig.writers) rig.gate.note(thread, addressOf(writer), 0);
    rig.publish(first, 5000);
    rig.publish(second, 5000);
    expect(rig.gatedMs).toBeGreaterThanOrEqual(gatedWaitMsMax);
    expect(rig.gatedMs).toBeLessThanOrEqual(gatedWaitMsMax + time.stepMs);
    rig.gate.note(thread, addressOf(first), first.head);
    rig.publish(first, held);
    expect(rig.gatedMs).toBeLessThanOrEqual(gatedWaitMsMax + time.stepMs);
    rig.publish(first, 1);
    expect(rig.gatedMs).toBeGreaterThanOrEqual(2 * gatedWaitMsMax);
  });

  it('that is slow costs a stream, and a lane, no more than their budgets', () => {
    const time = steppingClock();
    const rig = newRig(8, time.now);
    rig.gate.enter(thread);
    for (const writer of rig.writers) rig.gate.note(thread, addressOf(writer), 0);
    const gatedOf = (writer: RingWriter, stream: number) => {
      const beforeMs = rig.gatedMs;
      for (let moves = 0; moves < 40; moves++) {
        rig.publish(writer, 50, stream);
        rig.gate.note(thread, addressOf(writer), moves + 1);
      }
      return rig.gatedMs - beforeMs;
    };
    const sinceMs = time.ms;
    const ofFirst = gatedOf(rig.writers[0]!, 0);
    expect(ofFirst).toBeGreaterThanOrEqual(gatedSavedMs.ofStream);
    const slackMs = 2 * time.stepMs + gatedShare.ofStream * (time.ms - sinceMs);
    expect(ofFirst).toBeLessThanOrEqual(gatedSavedMs.ofStream + slackMs);
    // Another stream has its own, until the lane's is used up.
    expect(gatedOf(rig.writers[1]!, 1)).toBeGreaterThanOrEqual(gatedSavedMs.ofStream);
    for (let i = 2; i < 8; i++) gatedOf(rig.writers[i]!, i);
    const most = gatedSavedMs.ofLane + 2 * time.stepMs + gatedShare.ofLane * (time.ms - sinceMs);
    expect(rig.gatedMs).toBeLessThanOrEqual(most);
    expect(rig.gatedMs).toBeGreaterThanOrEqual(gatedSavedMs.ofLane);
    // It is paid back as time goes by.
    const beforeMs = rig.gatedMs;
    time.ms += 10_000;
    gatedOf(rig.writers[0]!, 0);
    expect(rig.gatedMs - beforeMs).toBeGreaterThanOrEqual(75);
  });

  it('is waited for up to the last frame of a ring', () => {
    const time = steppingClock();
    const rig = newRig(1, time.now);
    const [writer] = rig.writers as [RingWriter];
    writer.i32[(writer.at + ring.head) / 4] = ringFramesMax - held - 1;
    rig.gate.enter(thread);
    rig.gate.note(thread, addressOf(writer), ringFramesMax - held - 1);
    rig.publish(writer, held);
    expect([writer.head, writer.isFull, rig.gatedMs]).toEqual([ringFramesMax - 1, false, 0]);
    rig.publish(writer, 1);
    expect(rig.gatedMs).toBeGreaterThanOrEqual(gatedWaitMsMax);
    expect([writer.isFull, writer.isDue]).toEqual([true, true]);
  });
});

describe('nobody waits', () => {
  it.each([
    ['without a reader that needs every frame', () => {}],
    ['for one that takes nothing at the moment', ({ gate }: ReturnType<typeof newRig>) => gate.setOpen(thread, false)],
    ['for one whose thread is gone', ({ gate }: ReturnType<typeof newRig>) => gate.leave()],
  ])('%s', (name, end) => {
    const rig = newRig();
    const [writer] = rig.writers as [RingWriter];
    if (!name.startsWith('without')) rig.gate.enter(thread);
    rig.gate.note(thread, addressOf(writer), 0);
    end(rig);
    rig.publish(writer, 5000);
    expect([rig.gatedMs, rig.urged]).toEqual([0, 0]);
  });

  it('for a reader that does not know the ring yet', () => {
    const rig = newRig();
    rig.gate.enter(thread);
    rig.publish(rig.writers[0]!, 5000);
    expect(rig.gatedMs).toBe(0);
  });
});

it('what a thread says that does not hold the gate any more does not count', () => {
  const rig = newRig();
  const [writer] = rig.writers as [RingWriter];
  rig.gate.enter(1);
  rig.gate.note(1, addressOf(writer), 3);
  rig.gate.leave();
  rig.gate.enter(2);
  rig.gate.setOpen(1, false);
  rig.gate.note(1, addressOf(writer), 9);
  expect([rig.gate.isOpen, rig.gate.positionIn(writer)]).toEqual([true, 3]);
  rig.gate.note(2, addressOf(writer), 5);
  expect(rig.gate.positionIn(writer)).toBe(5);
});

it('what is said of a ring that has another owner by now does not count', () => {
  const rig = newRig();
  const [writer] = rig.writers as [RingWriter];
  rig.gate.enter(1);
  const before = addressOf(writer);
  rig.gate.note(1, before, 3);
  new RingPool(rig.memory).release(writer.index);
  rig.gate.note(1, before, 9);
  expect([rig.gate.positionIn(writer), writer.isDue]).toEqual([-1, true]);
});
