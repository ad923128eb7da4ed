import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { CpuWait, ticks, waitedUs } from './cpu-wait.ts';
import { needs } from './needs.ts';
import { always, Starvation, unlessStarved } from './starvation.ts';

const pressure =
  'some avg10=91.87 avg60=90.55 avg300=68.46 total=37583332180\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n';
const stat = 'cpu  7371727 201484 1460908 3045320 12244 0 131113 173854 5 6\ncpu0 1 2 3 4 5 6 7 8 9 10\n';

test('what the kernel says is read, and nothing where it says nothing', () => {
  expect(waitedUs(pressure)).toBe(37_583_332_180);
  expect(waitedUs('')).toBe(null);
  expect(ticks(stat)).toEqual({ stolen: 173_854, all: 12_396_650 });
  expect(ticks('')).toEqual({ stolen: 0, all: 0 });
});

test(
  'threads that want CPUs and wait for them make a machine busy, though it wakes sleepers in time',
  needs('cpu pressure'),
  async () => {
    const burnMs = 600;
    await using machine = await Starvation.watch();
    const cpu = new CpuWait();
    const burn = `for (const end = Date.now() + ${burnMs}; Date.now() < end; );`;
    const burners = Array.from({ length: 2 * availableParallelism() }, () => new Worker(burn, { eval: true }));
    await Promise.all(burners.map((burner) => new Promise((resolve) => burner.once('exit', resolve))));
    expect(cpu.waitShare).toBeGreaterThan(0.3);
    expect(machine.isBusy).toBe(true);
  },
);

test('a failure on a busy machine is repeated, unless nothing excuses it', async () => {
  const attempts: number[] = [];
  await unlessStarved(async (machine, attempt) => {
    attempts.push(attempt);
    if (attempt === 1) {
      Object.defineProperty(machine, 'isBusy', { value: true });
      throw new Error('late');
    }
  });
  expect(attempts).toEqual([1, 2]);
  const inexcusable = unlessStarved(async (machine) => {
    Object.defineProperty(machine, 'isBusy', { value: true });
    attempts.push(3);
    await always(() => expect(1).toBe(2));
  });
  await expect(inexcusable).rejects.toThrow('expected 1 to be 2');
  expect(attempts).toEqual([1, 2, 3]);
});
