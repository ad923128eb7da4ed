/** Real threads that hang, die, leak or cannot be ended: each is told from one that is only not looked at, and is replaced. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StandstillClock } from '../../src/thread/standstill-clock.ts';
import { type FromThread, SupervisedThread, type ThreadLoss } from '../../src/thread/supervised-thread.ts';
import { block } from '../support/block.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { judgingTimes } from '../support/starvation.ts';
import type { MisbehavingData, Order } from './misbehaving.worker.ts';

const timeoutMs = 1000;
/** For threads that shall not hang, however busy the machine is. */
const patientMs = 60_000;
const entry = new URL('misbehaving.worker.ts', import.meta.url);

class Rig {
  readonly losses: ThreadLoss[] = [];
  readonly abandoned: number[] = [];
  readonly pipe = join(temporaryFolder(), 'pipe');
  readonly thread: SupervisedThread<Order, FromThread>;
  starts = 0;

  constructor({ abandonedMax = 2, timeoutMs: ofThread = timeoutMs } = {}) {
    execFileSync('mkfifo', [this.pipe]);
    this.thread = new SupervisedThread<Order, FromThread>({
      name: 'test',
      timeoutMs: ofThread,
      abandonedMax,
      startWorker: (signs) => {
        this.starts++;
        return new Worker(entry, { workerData: { signs, pipe: this.pipe } satisfies MisbehavingData });
      },
      onReady: () => {},
      onMessage: () => {},
      onClosing: () => this.thread.post('close'),
      onLost: (loss) => this.losses.push(loss),
      onAbandoned: (count) => this.abandoned.push(count),
    });
    onTestFinished(async () => {
      this.letGo();
      await this.thread.stop(0);
    });
  }

  static async started(): Promise<Rig> {
    const rig = new Rig();
    await rig.thread.start();
    return rig;
  }

  /** Ends what blocks in the pipe. */
  letGo(): void {
    // Without a reader this fails, and there is nothing to let go.
    try {
      closeSync(openSync(this.pipe, constants.O_WRONLY | constants.O_NONBLOCK));
    } catch {}
  }
}

describe('a thread', () => {
  it(
    'that loops for ever hangs, is ended and replaced',
    judgingTimes(async () => {
      const rig = await Rig.started();
      rig.thread.post('loop');
      await eventually(() => rig.thread.standsStill);
      await eventually(() => rig.losses.length === 1);
      expect(rig.losses[0]).toMatchObject({ kind: 'hung', restartMs: 100 });
      expect(rig.losses[0]!.reason).toMatch(/^no sign of life for \d+ ms$/);
      expect(rig.thread.isReady).toBe(false);
      await eventually(() => rig.thread.isReady && !rig.thread.standsStill);
      await eventually(() => rig.thread.abandonedCount === 0);
      expect([rig.thread.hangs, rig.thread.restarts, rig.starts]).toEqual([1, 1, 2]);
    }),
  );

  it(
    'does not hang while the process stands still, or only the one who looks',
    judgingTimes(async () => {
      const rig = await Rig.started();
      for (let n = 0; n < 3; n++) {
        block(2 * timeoutMs);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      expect([rig.thread.hangs, rig.losses.length]).toEqual([0, 0]);
    }),
  );

  it('that dies is no thread that hangs', async () => {
    const rig = new Rig({ timeoutMs: patientMs });
    await rig.thread.start();
    rig.thread.post('exit');
    await eventually(() => rig.thread.restarts === 1);
    expect(rig.losses).toMatchObject([{ kind: 'died', reason: 'the thread ended with code 3' }]);
    expect(rig.thread.hangs).toBe(0);
  });

  it('that holds too much outside of its heap ends, says why, and is replaced', async () => {
    const rig = new Rig({ timeoutMs: patientMs });
    await rig.thread.start();
    rig.thread.post('leak');
    await eventually(() => rig.thread.restarts === 1);
    expect(rig.losses[0]!.reason).toMatch(/^the thread holds 1\d\d MiB outside of its heap, more than 64$/);
  });

  it(
    'that comes to its end is waited for, one that does not is cut off at the deadline',
    judgingTimes(async () => {
      const rig = await Rig.started();
      expect(await rig.thread.stop(60_000)).toBe(true);
      expect(rig.thread.isReady).toBe(false);
      const other = new Rig();
      await other.thread.start();
      other.thread.post('loop');
      expect(await other.thread.stop(100)).toBe(false);
      expect(other.thread.abandonedCount).toBe(0);
    }),
  );
});

describe('a thread in a system call that does not return', needs('linux'), () => {
  it(
    'is abandoned, counted, and its successor starts beside it, until there are two of them',
    judgingTimes(async () => {
      const rig = new Rig();
      await rig.thread.start();
      for (let n = 1; n <= 2; n++) {
        rig.thread.post('block');
        await eventually(() => rig.thread.hangs === n);
        await eventually(() => rig.abandoned.length === n);
        if (n < 2) await eventually(() => rig.thread.isReady);
      }
      expect(rig.abandoned).toEqual([1, 2]);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect([rig.thread.isReady, rig.thread.standsStill, rig.starts]).toEqual([false, true, 2]);
      // Their system call returns: they end, and another one may start.
      rig.letGo();
      await eventually(() => rig.thread.abandonedCount === 0 && rig.thread.isReady);
      expect(rig.thread.restarts).toBe(2);
    }),
  );

  it(
    'can be stopped all the same',
    judgingTimes(async () => {
      const rig = new Rig();
      await rig.thread.start();
      rig.thread.post('block');
      await eventually(() => rig.thread.standsStill);
      expect(await rig.thread.stop(50)).toBe(false);
      expect([rig.thread.abandonedCount, rig.abandoned]).toEqual([1, [1]]);
    }),
  );
});

it('a thread that is stopped before it was started never starts', async () => {
  const rig = new Rig();
  expect(await rig.thread.stop(60_000)).toBe(false);
  expect(rig.starts).toBe(0);
});

describe('the time that something stood still', () => {
  it('is what the one who looks was there for', () => {
    const clock = new StandstillClock(100);
    expect([clock.look(1, 0), clock.look(1, 100), clock.look(1, 250)]).toEqual([0, 100, 250]);
    // A minute in which nobody looked is two looks at most.
    expect([clock.look(1, 60_000), clock.look(2, 60_100), clock.look(2, 60_200)]).toEqual([450, 0, 100]);
  });
});
