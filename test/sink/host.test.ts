/** A sink's thread as the main thread sees it: replaced when it dies, told of everything that is not drained, never waited for. */
import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { RingAddress } from '../../src/ring/cursor.ts';
import { SinkHost } from '../../src/sink/host.ts';
import type { FromSink, SinkWorkerData, ToSink } from '../../src/sink/messages.ts';
import { Checkpoint, Progress } from '../../src/sink/progress.ts';
import { smallMemory } from '../ring/ring-rig.ts';
import { trackOf } from './sink-rig.ts';

const { memory } = smallMemory(1001, 8);
const spec = { kind: 'wav', name: 'wav:x', folder: 'x', gaps: 'fill' } as const;

class FakeThread extends EventEmitter {
  readonly data: SinkWorkerData;
  readonly posted: ToSink[] = [];
  isTerminated = false;

  constructor(data: SinkWorkerData) {
    super();
    this.data = data;
  }
  postMessage(message: ToSink): void {
    this.posted.push(message);
  }
  async terminate(): Promise<void> {
    this.isTerminated = true;
    this.emit('exit', 1);
  }
  says(message: FromSink): void {
    this.emit('message', message);
  }
  dies(error?: Error): void {
    if (error !== undefined) this.emit('error', error);
    this.emit('exit', 7);
  }
  /** The rings that it was told of. */
  get rings(): number[] {
    return this.posted.flatMap((message) =>
      message.type === 'started' ? message.tracks.map(({ ring }) => ring.index) : [],
    );
  }
  /** As its loop would: it has read so many frames of a track. */
  reads(ring: RingAddress, next: number, lapped: number): void {
    for (const message of this.posted) {
      if (message.type !== 'started') continue;
      const start = message.tracks.find((track) => track.ring.index === ring.index);
      if (start !== undefined) new Checkpoint(new Progress(start.progress), new Float64Array(1)).commit(next, lapped);
    }
  }
}

class HostRig {
  readonly threads: FakeThread[] = [];
  readonly drained: unknown[][] = [];
  readonly died: unknown[][] = [];
  readonly errors: unknown[][] = [];
  readonly host: SinkHost;

  constructor() {
    this.host = new SinkHost({
      memory,
      spec,
      onDrained: (streamId, { framesRead, framesLapped }) => this.drained.push([streamId, framesRead, framesLapped]),
      onError: (...error) => this.errors.push(error),
      threadTimeoutMs: 60_000,
      onLost: ({ reason, restartMs }) => this.died.push([reason, restartMs]),
      onAbandoned: () => {},
      startThread: (data) => {
        const thread = new FakeThread(data);
        this.threads.push(thread);
        return thread as unknown as Worker;
      },
    });
    this.host.start().catch(() => {});
  }

  get thread(): FakeThread {
    return this.threads.at(-1)!;
  }

  static async running(): Promise<HostRig> {
    const rig = new HostRig();
    rig.thread.says({ type: 'ready' });
    await rig.host.start();
    return rig;
  }

  begin(index: number, streamId = 's'): RingAddress {
    const ring = { index, generation: 0 };
    this.host.started(trackOf('a', streamId), ring);
    return ring;
  }

  /** Dies, and is there again. */
  async replace(error?: Error): Promise<void> {
    this.thread.dies(error);
    await vi.advanceTimersByTimeAsync(5000);
    this.thread.says({ type: 'ready' });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

describe('a thread that dies', () => {
  it('is replaced after a tenth of a second, then later and later up to five seconds, told and counted once each time', async () => {
    const rig = await HostRig.running();
    for (const delay of [100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
      const before = rig.threads.length;
      rig.thread.dies(new Error('why'));
      expect(rig.died.at(-1)).toEqual(['why', delay]);
      await vi.advanceTimersByTimeAsync(delay - 1);
      expect(rig.threads.length).toBe(before);
      await vi.advanceTimersByTimeAsync(1);
      expect(rig.threads.length).toBe(before + 1);
      rig.thread.says({ type: 'ready' });
    }
    expect([rig.host.restarts, rig.host.errors, rig.died.length]).toEqual([8, 8, 8]);
    // One that has lived for a while does not count as dying at once.
    await vi.advanceTimersByTimeAsync(10_001);
    rig.thread.dies();
    expect(rig.died.at(-1)).toEqual(['the thread ended with code 7', 100]);
  });

  it('is replaced by one that begins whatever the disk says, and is replaced as well if it cannot begin', async () => {
    const rig = await HostRig.running();
    expect(rig.thread.data.isRestart).toBe(false);
    rig.thread.dies();
    await vi.advanceTimersByTimeAsync(100);
    expect(rig.thread.data.isRestart).toBe(true);
    rig.thread.says({ type: 'failed', message: 'no memory' });
    rig.thread.dies();
    expect(rig.died.at(-1)).toEqual(['no memory', 200]);
  });

  it('does not tell the path of a file', async () => {
    const rig = await HostRig.running();
    rig.thread.dies(Object.assign(new Error("EIO: write '/secret'"), { code: 'EIO', syscall: 'write' }));
    expect(rig.died).toEqual([['EIO: write', 100]]);
  });
});

describe('a thread that takes over', () => {
  it('gets every track that is not drained, and ends that came meanwhile, with the same memory', async () => {
    const rig = await HostRig.running();
    const [a, b, c] = [rig.begin(0), rig.begin(1), rig.begin(2, 'other')];
    rig.host.ended(a, 5);
    rig.thread.reads(a, 5, 0);
    rig.thread.says({ type: 'drained', ring: a });
    const [first] = rig.threads;
    first!.dies();
    rig.host.ended(b, 9);
    rig.host.streamEnded('s');
    const d = rig.begin(3, 'third');
    await vi.advanceTimersByTimeAsync(100);
    expect(rig.thread.posted).toEqual([]);
    rig.thread.says({ type: 'ready' });
    expect(rig.thread.rings).toEqual([b.index, c.index, d.index]);
    expect(rig.thread.posted.slice(1)).toEqual([
      { type: 'ended', ring: b, frames: 9 },
      { type: 'streamEnded', stream: expect.objectContaining({ streamId: 's', callConnectionId: 'call' }) },
    ]);
    const newsOf = (thread: FakeThread, index: number) =>
      thread.posted
        .flatMap((message) => (message.type === 'started' ? message.tracks : []))
        .find(({ ring }) => ring.index === index)!;
    expect(newsOf(rig.thread, 1).progress).toBe(newsOf(first!, 1).progress);
    expect(newsOf(rig.thread, 1).ofStream).toBe(newsOf(first!, 0).ofStream);
    expect(newsOf(rig.thread, 2).ofStream).not.toBe(newsOf(rig.thread, 1).ofStream);
  });

  it('gets a thousand tracks a hundred at a time, so that no call waits for it', async () => {
    const rig = await HostRig.running();
    for (let index = 0; index < 1000; index++) rig.begin(index);
    rig.thread.dies();
    await vi.advanceTimersByTimeAsync(100);
    rig.thread.says({ type: 'ready' });
    expect(rig.thread.rings).toHaveLength(100);
    // One that begins meanwhile waits for its turn, one that ends is told with it.
    rig.begin(1000);
    rig.host.ended({ index: 999, generation: 0 }, 4);
    rig.host.streamEnded('s');
    expect(rig.thread.posted).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(100);
    // Behind the last of its tracks.
    expect(rig.thread.posted.map(({ type }) => type).indexOf('streamEnded')).toBe(rig.thread.posted.length - 1);
    expect(rig.thread.rings).toEqual(Array.from({ length: 1001 }, (_, index) => index));
    expect(rig.thread.posted.filter(({ type }) => type === 'ended')).toHaveLength(1);
  });

  it('hears nothing of streams that are over', async () => {
    const rig = await HostRig.running();
    for (let index = 0; index < 4; index++) {
      const ring = rig.begin(index, `stream ${index}`);
      rig.host.ended(ring, 0);
      if (index % 2 === 0) rig.host.streamEnded(`stream ${index}`);
      rig.thread.says({ type: 'drained', ring });
      if (index % 2 === 1) rig.host.streamEnded(`stream ${index}`);
      rig.thread.says({ type: 'streamDone', streamId: `stream ${index}`, isComplete: true });
    }
    await rig.replace();
    expect(rig.thread.posted).toEqual([]);
  });

  it('hears again of a stream that is over and with which the thread before was not done', async () => {
    const rig = await HostRig.running();
    const ring = rig.begin(0, 'stream');
    rig.host.ended(ring, 0);
    rig.thread.says({ type: 'drained', ring });
    rig.host.streamEnded('stream');
    const [told] = rig.thread.posted.filter(({ type }) => type === 'streamEnded');
    await rig.replace();
    expect(rig.thread.posted).toEqual([told]);
    rig.thread.says({ type: 'streamDone', streamId: 'stream', isComplete: false });
    await rig.replace();
    expect(rig.thread.posted).toEqual([]);
  });

  it('leaves the counters as they were, and each frame is in them once', async () => {
    const rig = await HostRig.running();
    const [a, b] = [rig.begin(0), rig.begin(1)];
    rig.thread.reads(a, 10, 2);
    rig.thread.reads(b, 7, 0);
    expect([rig.host.frames, rig.host.lappedFrames]).toEqual([15, 2]);
    await rig.replace();
    expect([rig.host.frames, rig.host.lappedFrames]).toEqual([15, 2]);
    rig.host.ended(a, 12);
    rig.thread.reads(a, 12, 2);
    rig.thread.says({ type: 'drained', ring: a });
    rig.thread.says({ type: 'drained', ring: a });
    expect(rig.drained).toEqual([['s', 10, 2]]);
    expect([rig.host.frames, rig.host.lappedFrames, rig.host.framesUnaccounted]).toEqual([17, 2, 0]);
  });

  it('has frames that it neither read nor lapped counted as unaccounted', async () => {
    const rig = await HostRig.running();
    const a = rig.begin(0);
    rig.host.ended(a, 12);
    rig.thread.reads(a, 10, 1);
    rig.thread.says({ type: 'drained', ring: a });
    expect(rig.host.framesUnaccounted).toBe(2);
  });
});

it('a track that ended a minute ago without a thread that lived to read it is given up: the rest of it is lapped', async () => {
  const rig = await HostRig.running();
  const [a, b] = [rig.begin(0), rig.begin(1, 'other')];
  rig.thread.reads(a, 4, 1);
  rig.host.ended(a, 10);
  for (let n = 0; n < 20; n++) await rig.replace();
  expect(rig.drained).toEqual([['s', 3, 7]]);
  expect([rig.host.frames, rig.host.lappedFrames, rig.host.framesUnaccounted]).toEqual([3, 7, 0]);
  expect(rig.thread.rings).toEqual([b.index]);
});

it('what its thread says of errors is passed on', async () => {
  const rig = await HostRig.running();
  rig.thread.says({ type: 'error', streamId: 's', message: 'ENOSPC: write', suppressed: 3 });
  expect(rig.errors).toEqual([['ENOSPC: write', 's', 3]]);
});

describe('a sink that cannot start', () => {
  it('says why', async () => {
    const rig = new HostRig();
    rig.thread.says({ type: 'failed', message: 'EACCES' });
    rig.thread.dies();
    await expect(rig.host.start()).rejects.toMatchObject({
      code: 'sink_failed',
      message: /wav:x cannot start: EACCES/,
    });
    await vi.advanceTimersByTimeAsync(10_000);
    expect([rig.threads.length, rig.died.length]).toEqual([1, 0]);
  });

  it('says so also if its thread ends without a word', async () => {
    const rig = new HostRig();
    rig.thread.dies();
    await expect(rig.host.start()).rejects.toMatchObject({ code: 'sink_failed' });
  });
});

describe('a sink that is stopped', () => {
  it('is asked to close, and its thread is ended when it has', async () => {
    const rig = await HostRig.running();
    const stopped = rig.host.stop(1000);
    expect(rig.thread.posted).toEqual([{ type: 'close', withinMs: expect.closeTo(1000, -2) }]);
    rig.thread.says({ type: 'closed' });
    expect(await stopped).toBe(true);
    expect([rig.thread.isTerminated, rig.died.length]).toEqual([true, 0]);
  });

  it('while its thread is being replaced waits for the new one', async () => {
    const rig = await HostRig.running();
    rig.begin(0);
    rig.thread.dies();
    const stopped = rig.host.stop(1000);
    await vi.advanceTimersByTimeAsync(100);
    rig.thread.says({ type: 'ready' });
    expect(rig.thread.posted.map(({ type }) => type)).toEqual(['started', 'close']);
    rig.thread.says({ type: 'closed' });
    expect(await stopped).toBe(true);
  });

  it('while its thread is being replaced is not waited for longer than that', async () => {
    const rig = await HostRig.running();
    rig.thread.dies();
    const stopped = rig.host.stop(50);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await stopped).toBe(false);
    expect(rig.threads).toHaveLength(1);
  });

  it('is cut off when the time is up, and not started again', async () => {
    const rig = await HostRig.running();
    const stopped = rig.host.stop(1000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await stopped).toBe(false);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([rig.thread.isTerminated, rig.threads.length, rig.died.length]).toEqual([true, 1, 0]);
  });
});
