/** Group commit: when a batch leaves, what is in it, and when a lane is idle. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { recordBytes, recordKind } from '../../src/memory/layout.ts';
import { LaneRig } from '../support/decoder-lane.ts';
import { generator, seed } from '../support/decoder-seed.ts';

const { close, release } = recordKind;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What is in a batch, in short. */
function contents(rig: LaneRig): string[] {
  return rig.flight.records.map(({ kind, stream, text }) =>
    kind === 'message' ? `${stream}:${text}` : `${kind} ${stream}`,
  );
}

describe('a lane', () => {
  it('does nothing as long as nothing waits', () => {
    const rig = new LaneRig();
    vi.advanceTimersByTime(1000);
    expect(rig.flights).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sends what came within the flush interval as one batch, and not before', () => {
    const rig = new LaneRig();
    rig.push(0, 'a', 1.25);
    vi.advanceTimersByTime(1);
    rig.push(1, 'b', 2.5);
    expect(rig.flights).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(rig.flight.records).toEqual([
      { kind: 'message', stream: 0, text: 'a', arrivalMs: 1.25 },
      { kind: 'message', stream: 1, text: 'b', arrivalMs: 2.5 },
    ]);
    expect(rig.flight.batch).toMatchObject({ lane: 1, records: 2, bytes: 2 * recordBytes(1) });
  });

  it('has no timer while nothing waits, also after a batch', async () => {
    const rig = new LaneRig();
    rig.push(0, 'a');
    vi.advanceTimersByTime(2);
    await rig.flight.land();
    expect(vi.getTimerCount()).toBe(0);
    rig.push(0, 'b');
    vi.advanceTimersByTime(2);
    expect(contents(rig)).toEqual(['0:b']);
  });

  it('has at most one batch in flight, however late the worker is', async () => {
    const rig = new LaneRig();
    rig.push(0, 'a');
    vi.advanceTimersByTime(2);
    for (let n = 0; n < 10; n++) {
      rig.push(0, `b${n}`);
      vi.advanceTimersByTime(50);
    }
    expect(rig.flights).toHaveLength(1);
    await rig.flight.land();
    expect(rig.flights).toHaveLength(2);
    expect(contents(rig)).toEqual(Array.from({ length: 10 }, (_, n) => `0:b${n}`));
  });

  it('sends what came meanwhile at once when it has waited long enough, and else when it has', async () => {
    const rig = new LaneRig();
    rig.push(0, 'a');
    vi.advanceTimersByTime(2);
    rig.push(0, 'b');
    vi.advanceTimersByTime(1);
    await rig.flight.land();
    expect(rig.flights).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(contents(rig)).toEqual(['0:b']);
  });

  it('lets messages wait for their interval again after a batch that left late', async () => {
    const rig = new LaneRig();
    for (const text of ['a', 'b', 'c']) {
      rig.push(0, text);
      vi.advanceTimersByTime(text === 'c' ? 1 : 2);
      if (text !== 'a') await rig.flight.land();
    }
    expect(rig.flights.map((flight) => flight.records.map((seen) => seen.text))).toEqual([['a'], ['b']]);
    expect(rig.lane.backlogBytes).toBeGreaterThan(0);
    vi.advanceTimersByTime(1);
    expect(contents(rig)).toEqual(['0:c']);
  });

  it('fills one half while the other one is with the worker', async () => {
    const rig = new LaneRig();
    const halves: number[] = [];
    for (let n = 0; n < 4; n++) {
      rig.push(0, `message ${n}`);
      vi.advanceTimersByTime(2);
      halves.push(rig.flight.batch.half);
      const { batch } = rig.flight;
      rig.push(1, 'meanwhile');
      // What is in flight stands where it stood.
      expect(rig.textOf(batch)).toContain(`message ${n}`);
      await rig.flight.land();
      vi.advanceTimersByTime(2);
      await rig.flight.land();
    }
    expect(halves).toEqual([0, 0, 0, 0]);
    expect(rig.flights.map((flight) => flight.batch.half)).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
  });

  it('has copied a message when the push returns', () => {
    const rig = new LaneRig();
    const bytes = Buffer.from('good');
    rig.lane.pushMessage(0, 0, bytes);
    bytes.fill('x');
    vi.advanceTimersByTime(2);
    expect(contents(rig)).toEqual(['0:good']);
  });

  it.each([0, 1, 7, 8, 9, 1055])('takes messages of %i bytes, and what follows them', (length) => {
    const rig = new LaneRig();
    const text = 'm'.repeat(length);
    for (const message of [text, 'end', text]) rig.push(2, message);
    vi.advanceTimersByTime(2);
    expect(contents(rig)).toEqual([`2:${text}`, '2:end', `2:${text}`]);
  });

  it('tells the bytes that wait for a worker, those in flight not included', () => {
    const rig = new LaneRig();
    expect(rig.lane.backlogBytes).toBe(0);
    rig.push(0, 'abc');
    rig.lane.pushControl(close, 0);
    expect(rig.lane.backlogBytes).toBe(recordBytes(3) + recordBytes(0));
    vi.advanceTimersByTime(2);
    expect(rig.lane.backlogBytes).toBe(0);
  });

  it('passes on what a batch has to tell, and nothing when it has nothing to tell', async () => {
    const rig = new LaneRig();
    const news = { news: [2], faults: ['x'] };
    for (const result of [null, news, null]) {
      rig.push(2, 'a');
      vi.advanceTimersByTime(2);
      await rig.flight.land(result);
    }
    expect(rig.results).toEqual([news]);
  });

  it('sends nothing more after it was stopped', () => {
    const rig = new LaneRig();
    rig.push(0, 'a');
    rig.lane.stop();
    vi.advanceTimersByTime(1000);
    expect(rig.flights).toEqual([]);
  });

  it('keeps the order of every stream, whenever messages come and batches land', async () => {
    const random = generator(seed);
    const rig = new LaneRig({ dataBytes: 600 });
    const accepted: string[][] = [[], [], []];
    const decoded: string[][] = [[], [], []];
    let flying = 0;
    let refused = 0;
    const land = async () => {
      flying++;
      for (const { stream, text } of rig.flight.records) decoded[stream]!.push(text);
      await rig.flight.land();
    };
    for (let n = 0; n < 3000; n++) {
      const stream = Math.floor(random() * 3);
      const text = `${n}${'.'.repeat(Math.floor(random() * 40))}`;
      if (rig.push(stream, text)) accepted[stream]!.push(text);
      else refused++;
      if (random() < 0.3) vi.advanceTimersByTime(1);
      if (rig.flights.length > flying && random() < 0.1) await land();
    }
    while (rig.flights.length > flying || rig.lane.backlogBytes > 0) {
      if (rig.flights.length > flying) await land();
      vi.advanceTimersByTime(2);
    }
    expect(decoded, `seed ${seed}`).toEqual(accepted);
    expect(refused).toBeGreaterThan(0);
    expect(accepted.flat().length + refused).toBe(3000);
  });
});

describe('idle', () => {
  it('is a lane in which nothing waits and nothing flies', async () => {
    const rig = new LaneRig();
    await rig.lane.idle();
    const states: string[] = [];
    rig.push(0, 'a');
    void rig.lane.idle().then(() => states.push('idle'));
    vi.advanceTimersByTime(2);
    await Promise.resolve();
    states.push('in flight');
    await rig.flight.land();
    expect(states).toEqual(['in flight', 'idle']);
  });

  it('is not yet a lane whose batch made the main thread push something', async () => {
    const rig = new LaneRig();
    rig.onBatch = () => {
      rig.onBatch = () => {};
      rig.lane.pushControl(release, 0);
    };
    let isIdle = false;
    rig.lane.pushControl(close, 0);
    void rig.lane.idle().then(() => {
      isIdle = true;
    });
    vi.advanceTimersByTime(2);
    await rig.flight.land({ news: [0], faults: [] });
    expect(isIdle).toBe(false);
    vi.advanceTimersByTime(2);
    expect(contents(rig)).toEqual(['release 0']);
    await rig.flight.land();
    expect(isIdle).toBe(true);
  });
});
