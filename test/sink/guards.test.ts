/** Whatever a sink does wrong in a call of ours is counted and told, and costs neither the thread nor the round. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { Frame } from '../../src/ring/frame.ts';
import { ModuleHost } from '../../src/sink/module/module-host.ts';
import { Checkpoint, Progress } from '../../src/sink/progress.ts';
import { writeMany } from '../ring/ring-rig.ts';
import { temporaryFolder } from '../support/folders.ts';
import { endOf, NotingSink, SettlingSink, SinkRig, streamOf, trackOf } from './sink-rig.ts';

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

class FailingStreamEnd extends NotingSink {
  override streamEnded(): void {
    throw new Error('no such stream');
  }
}

class Undecided extends NotingSink {
  isAsked = 0;
  failures = 3;

  constructor() {
    super();
    Object.defineProperty(this, 'isReady', {
      get: () => {
        if (this.isAsked++ < this.failures) throw new Error('cannot say');
        return true;
      },
    });
  }
}

class FailingSettle extends SettlingSink {
  failures = 1;

  override settle(): Promise<void> | null {
    if (this.failures-- > 0) throw new Error('cannot settle');
    return super.settle();
  }
}

it('an exception when a stream has ended does not end the thread, which hears of the next one', () => {
  const rig = new SinkRig(12, new FailingStreamEnd());
  for (const streamId of ['s', 't']) {
    const { ring } = rig.begin();
    rig.loop.take({ type: 'ended', ring, frames: 0 });
    rig.loop.take({ type: 'streamEnded', stream: endOf(streamId) });
  }
  expect(rig.errors).toBe(2);
  expect(rig.toldOf('error')).toMatchObject([{ message: 'no such stream' }]);
  expect(rig.toldOf('drained')).toHaveLength(2);
});

it('a sink that cannot say whether it is ready is not, and reads on when it can', () => {
  const rig = new SinkRig(12, new Undecided());
  const { writer, progress } = rig.begin();
  writeMany(writer, 0, 4);
  vi.advanceTimersByTime(500);
  expect(rig.errors).toBe(3);
  expect(progress.framesRead).toBe(4);
});

it('a round whose settling throws is read again', async () => {
  const rig = new SinkRig(12, new FailingSettle());
  const { writer, progress } = rig.begin();
  writeMany(writer, 0, 4);
  for (let n = 0; n < 50; n++) {
    await vi.advanceTimersByTimeAsync(20);
    rig.sink.rounds.shift()?.resolve();
  }
  expect(rig.errors).toBe(1);
  expect([progress.framesRead, progress.framesLapped]).toEqual([4, 0]);
});

it('a round that is never settled is given up after half a minute, and read again', async () => {
  const rig = new SinkRig(12, new SettlingSink());
  const { writer, progress } = rig.begin();
  writeMany(writer, 0, 4);
  await vi.advanceTimersByTimeAsync(29_000);
  expect([rig.errors, rig.sink.rounds.length]).toEqual([0, 1]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect([rig.errors, rig.toldOf('error')[0]?.message]).toEqual([1, 'nothing was settled within 30000 ms']);
  for (let n = 0; n < 50; n++) {
    await vi.advanceTimersByTimeAsync(20);
    rig.sink.rounds.pop()?.resolve();
  }
  expect(progress.framesRead).toBe(4);
});

it('methods of a module that are asynchronous though they should not be, and fail, are counted; its times are times', async () => {
  const file = join(temporaryFolder(), 'sink.mjs');
  writeFileSync(
    file,
    `const fails = async () => { throw new Error('later'); };
     export default () => ({
       readIntervalMs: Number.NaN, leadMs: -1, streamEnded: fails,
       open: () => ({ write: fails, flush: fails, end: fails }),
     });`,
  );
  const host = await ModuleHost.load({ kind: 'module', name: 'm', file, options: {} });
  const errors: unknown[] = [];
  await host.start({ isRestart: false, report: (error) => errors.push(error) });
  expect([host.readIntervalMs, host.leadMs]).toEqual([100, 0]);
  const writer = host.open(trackOf('a'), new Checkpoint(new Progress(), new Float64Array(1)), streamOf());
  writer.write(new Frame());
  writer.flush();
  writer.end({ framesRead: 1, framesLapped: 0 });
  host.streamEnded('s', { ...endOf(), checkpoint: new Float64Array(1) });
  await vi.advanceTimersByTimeAsync(0);
  expect(errors.map((error) => (error as Error).message)).toEqual(Array(4).fill('later'));
});
