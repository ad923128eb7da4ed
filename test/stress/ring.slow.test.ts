/** One writer thread and several reader threads at full speed: no frame is ever torn, and every frame is accounted for. */
import { expect, it } from 'vitest';
import { ring } from '../../src/memory/layout.ts';
import { openRing, smallMemory } from '../ring/ring-rig.ts';
import { seed } from '../support/seed.ts';
import { always, judgingTimes, unlessStarved } from '../support/starvation.ts';
import type { ReaderData, Report, WriterData } from './messages.ts';
import { runThread } from './thread.ts';

/** Short rings are lapped all the time, long ones are not: both ways through the reader must be right. */
it.each([
  [4, 1500],
  [120, 1500],
])('readers of a ring of %i slots get whole frames only, and count every one that they missed', (slots, durationMs) =>
  unlessStarved(async () => {
    const { memory, pool } = smallMemory(1, slots);
    const writer = openRing(memory, pool);
    const data = { memory: memory.handle, seed, mode: 'keep' as const };
    const readers = [0, 1, 30].map((pauseMsMax) => {
      const done = new Int32Array(new SharedArrayBuffer(4));
      const readerData: ReaderData = { ...data, pauseMsMax, ring: { index: writer.index, generation: 0 }, done };
      return runThread('./ring-reader.worker.ts', readerData);
    });
    const written = await runThread('./ring-writer.worker.ts', { ...data, durationMs } satisfies WriterData);
    const reports = await Promise.all(readers);
    for (const report of reports) {
      await always(() => {
        expect(report.fault, `seed ${seed}`).toBe('');
        expect(report.frames + report.lapped, `seed ${seed}`).toBe(written.frames);
      });
      expect(report.frames).toBeGreaterThan(0);
    }
    // The test is worth something only if somebody was lapped.
    expect(total(reports, 'lapped')).toBeGreaterThan(1000);
    expect(written.frames).toBeGreaterThan(20_000);
  }),
);

it(
  'readers of a ring that passes to someone else never see a frame that is not theirs',
  judgingTimes(async () => {
    const { memory } = smallMemory(1, 8);
    const done = new Int32Array(new SharedArrayBuffer(4));
    const data = { memory: memory.handle, seed, mode: 'churn' as const };
    const readers = [0, 0, 1].map((pauseMsMax) =>
      runThread('./ring-reader.worker.ts', {
        ...data,
        pauseMsMax,
        ring: { index: 0, generation: 0 },
        done,
      } satisfies ReaderData),
    );
    const written = await runThread('./ring-writer.worker.ts', { ...data, durationMs: 1500 } satisfies WriterData);
    Atomics.store(done, 0, 1);
    const reports = await Promise.all(readers);
    await always(() => {
      for (const { fault } of reports) expect(fault, `seed ${seed}`).toBe('');
      expect(written.rings).toBe(memory.slabOf(0).i32[ring.generation / 4]);
    });
    expect(written.rings).toBeGreaterThan(100);
    expect(total(reports, 'frames')).toBeGreaterThan(1000);
  }),
);

function total(reports: readonly Report[], field: 'frames' | 'lapped'): number {
  return reports.reduce((sum, report) => sum + report[field], 0);
}
