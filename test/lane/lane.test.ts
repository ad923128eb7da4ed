/** Group commit: when a lease is asked for, what stands in the lane then, and when a lane is idle. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { recordBytes } from '../../src/memory/sizes.ts';
import { recordKind } from '../../src/memory/states.ts';
import { generator, seed } from '../support/seed.ts';
import { inShort, LaneRig } from './lane-rig.ts';

const { close } = recordKind;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a lane', () => {
  it('does nothing as long as nothing waits', () => {
    const rig = new LaneRig();
    vi.advanceTimersByTime(1000);
    expect(rig.leases).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks for a lease a flush interval after the first record, and not before', () => {
    const rig = new LaneRig();
    rig.push(0, 'a', 1.25);
    vi.advanceTimersByTime(1);
    rig.push(1, 'b', 2.5);
    expect(rig.leases).toBe(0);
    vi.advanceTimersByTime(1);
    expect(rig.leases).toBe(1);
    expect(rig.take()).toEqual([
      { kind: 'message', stream: 0, text: 'a', arrivalMs: 1.25 },
      { kind: 'message', stream: 1, text: 'b', arrivalMs: 2.5 },
    ]);
  });

  it('has no timer while a lease has it or nothing waits, and one again for the next record', async () => {
    const rig = new LaneRig();
    for (const text of ['a', 'b', 'c']) {
      expect(vi.getTimerCount()).toBe(0);
      rig.push(0, text);
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(2);
      expect(vi.getTimerCount()).toBe(0);
      rig.push(0, `${text} and more`);
      expect(vi.getTimerCount()).toBe(0);
      expect(rig.take().map(inShort)).toEqual([`0:${text}`, `0:${text} and more`]);
      await rig.goHome();
    }
    expect(rig.leases).toBe(3);
  });

  it('shows every record to the worker that has it, as soon as the push returns', () => {
    const rig = new LaneRig();
    rig.push(0, 'a');
    vi.advanceTimersByTime(2);
    for (let n = 0; n < 10; n++) {
      expect(rig.take().map(inShort)).toEqual([n === 0 ? '0:a' : `0:b${n - 1}`]);
      rig.push(0, `b${n}`);
    }
    expect(rig.leases).toBe(1);
  });

  it('has at most one lease, however late the worker is', async () => {
    const rig = new LaneRig();
    rig.push(0, 'a');
    vi.advanceTimersByTime(2);
    for (let n = 0; n < 10; n++) {
      rig.push(0, `b${n}`);
      vi.advanceTimersByTime(50);
    }
    expect(rig.leases).toBe(1);
    expect(rig.take().map(inShort)).toEqual(['0:a', ...Array.from({ length: 10 }, (_, n) => `0:b${n}`)]);
  });

  it('asks for the next lease at once when records wait at the end of one', async () => {
    const rig = new LaneRig();
    rig.push(0, 'a');
    vi.advanceTimersByTime(2);
    rig.take();
    rig.push(0, 'b');
    await rig.goHome();
    expect([rig.leases, rig.isServed, vi.getTimerCount()]).toEqual([2, true, 0]);
    expect(rig.take().map(inShort)).toEqual(['0:b']);
  });

  it('asks for none when nothing waits at the end of one', async () => {
    const rig = new LaneRig();
    rig.push(0, 'a');
    vi.advanceTimersByTime(2);
    rig.take();
    await rig.goHome();
    vi.advanceTimersByTime(1000);
    expect([rig.leases, rig.isServed]).toEqual([1, false]);
  });

  it('has copied a message when the push returns', () => {
    const rig = new LaneRig();
    const bytes = Buffer.from('good');
    rig.lane.pushMessage(0, 0, bytes);
    bytes.fill('x');
    expect(rig.take().map(inShort)).toEqual(['0:good']);
  });

  it.each([0, 1, 7, 8, 9, 1055])('takes messages of %i bytes, and what follows them', (length) => {
    const rig = new LaneRig();
    const text = 'm'.repeat(length);
    for (const message of [text, 'end', text]) rig.push(2, message);
    expect(rig.take().map(inShort)).toEqual([`2:${text}`, '2:end', `2:${text}`]);
  });

  it('tells the bytes that no worker has dealt with', () => {
    const rig = new LaneRig();
    expect(rig.lane.backlogBytes).toBe(0);
    rig.push(0, 'abc');
    rig.lane.pushControl(close, 0);
    expect(rig.lane.backlogBytes).toBe(recordBytes(3) + recordBytes(0));
    rig.take(1);
    expect(rig.lane.backlogBytes).toBe(recordBytes(0));
    rig.take();
    expect(rig.lane.backlogBytes).toBe(0);
  });

  it('passes on what a lease has to tell, and nothing when it has nothing to tell', async () => {
    const rig = new LaneRig();
    const changes = { streams: [2], faults: ['x'] };
    for (const result of [null, changes, null]) {
      rig.push(2, 'a');
      vi.advanceTimersByTime(2);
      rig.take();
      await rig.goHome(result);
    }
    expect(rig.changes).toEqual([changes]);
  });

  it('asks for no lease after it was stopped', () => {
    const rig = new LaneRig();
    rig.push(0, 'a');
    rig.lane.stop();
    rig.push(0, 'b');
    vi.advanceTimersByTime(1000);
    expect(rig.leases).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['goes home', 'dies'])('hears nothing of a worker that %s after it was stopped', async (fate) => {
    const rig = new LaneRig();
    rig.push(0, 'a');
    vi.advanceTimersByTime(2);
    rig.takeUp();
    rig.lane.stop();
    if (fate === 'dies') await rig.die();
    else await rig.goHome({ streams: [0], faults: [] });
    expect([rig.changes, rig.lost, rig.errors, rig.leases]).toEqual([[], [], [], 1]);
  });

  it('keeps the order of every stream, whenever messages come, are taken, and leases end', async () => {
    const random = generator(seed);
    const rig = new LaneRig({ dataBytes: 600 });
    const accepted: string[][] = [[], [], []];
    const decoded: string[][] = [[], [], []];
    let refused = 0;
    const take = (count?: number) => {
      for (const { stream, text } of rig.take(count)) decoded[stream]!.push(text);
    };
    for (let n = 0; n < 5000; n++) {
      const stream = Math.floor(random() * 3);
      const text = `${n}${'.'.repeat(Math.floor(random() * 40))}`;
      if (rig.push(stream, text)) accepted[stream]!.push(text);
      else refused++;
      if (random() < 0.3) vi.advanceTimersByTime(1);
      if (!rig.isServed) continue;
      if (random() < 0.2) take(Math.floor(random() * 12));
      if (random() < 0.05) take();
      if (random() < 0.05) await rig.goHome();
    }
    while (rig.isServed || rig.lane.backlogBytes > 0) {
      vi.advanceTimersByTime(2);
      take();
      await rig.goHome();
    }
    expect(decoded, `seed ${seed}`).toEqual(accepted);
    expect(refused).toBeGreaterThan(0);
    expect(accepted.flat().length + refused).toBe(5000);
    expect(rig.leases).toBeGreaterThan(50);
  });
});
