/** The memory of a track that outlives a sink's thread. */
import { expect, it } from 'vitest';
import { Checkpoint, Progress } from '../../src/sink/progress.ts';

function memoOf(progress: Progress): Checkpoint {
  return new Checkpoint(progress, new Float64Array(1));
}

it('what was committed is what another thread begins with; what was not is forgotten', () => {
  const progress = new Progress();
  const checkpoint = memoOf(progress);
  checkpoint.own[4] = 7;
  checkpoint.framesLost = 2;
  checkpoint.commit(10, 3);
  checkpoint.own[4] = 8;
  checkpoint.framesLost = 5;
  const next = memoOf(new Progress(progress.buffer));
  expect([next.next, next.framesLapped, next.framesLost, next.own[4]]).toEqual([10, 3, 2, 7]);
  expect([progress.framesRead, progress.framesLapped, progress.framesLost]).toEqual([7, 3, 2]);
});

it('a thread that dies in the middle of a commit leaves what the one before it said', () => {
  const progress = new Progress();
  const checkpoint = memoOf(progress);
  checkpoint.commit(10, 1);
  checkpoint.commit(20, 2);
  const numbers = Array.from(progress.recall(), () => 99);
  Object.defineProperty(numbers, 2, {
    get() {
      throw new Error('dies');
    },
  });
  expect(() => progress.commit(numbers as unknown as Float64Array)).toThrow('dies');
  const next = memoOf(progress);
  expect([next.next, next.framesLapped]).toEqual([20, 2]);
  next.commit(30, 3);
  expect(progress.framesRead).toBe(27);
});
