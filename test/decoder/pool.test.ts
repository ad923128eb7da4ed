/** The pool: starts nothing by itself, and outlives threads that the system does not give it. */
import workerThreads from 'node:worker_threads';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Traffic, threads } from '../stress/traffic.ts';
import { eventually } from '../support/gateway-process.ts';

/** A system that gives no thread: `new Worker` throws. Returns what gives them again. */
function withoutThreads(): () => void {
  const spy = vi.spyOn(workerThreads, 'Worker').mockImplementation(function refuse() {
    throw new Error('ERR_WORKER_INIT_FAILED: EAGAIN');
  });
  onTestFinished(() => spy.mockRestore());
  return () => spy.mockRestore();
}

function traffic(): Traffic {
  const made = new Traffic(2);
  onTestFinished(() => made.stop());
  return made;
}

test('a pool that was only made has no thread', () => {
  const before = threads.length;
  traffic();
  expect(threads.length).toBe(before);
});

test('a start without threads says why, and leaves nothing behind', async () => {
  withoutThreads();
  const { pool } = traffic();
  await expect(pool.start()).rejects.toMatchObject({
    code: 'native_missing',
    message: expect.stringContaining('EAGAIN'),
  });
});

test('a worker that is lost while there are no threads is replaced when there are, and nothing is lost', async () => {
  const busy = traffic();
  await busy.pool.start();
  for (let n = 0; n < 20; n++) for (let stream = 0; stream < busy.sent.length; stream++) busy.send(stream);
  await eventually(() => busy.isDone);
  const giveThreads = withoutThreads();
  for (const thread of threads.slice(-2)) await thread.terminate();
  for (let n = 0; n < 20; n++) for (let stream = 0; stream < busy.sent.length; stream++) busy.send(stream);
  await eventually(() => busy.pool.isDegraded);
  giveThreads();
  await eventually(() => busy.isDone && !busy.pool.isDegraded);
  expect(busy.lost.every((count) => count === 0)).toBe(true);
  expect(busy.pool.workers.every(({ restarts }) => restarts > 1)).toBe(true);
});
