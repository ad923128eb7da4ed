import { describe, expect, it } from 'vitest';
import { TimerWheel, WheelItem } from '../../src/base/timer-wheel.ts';
import { bitsAt, uniformAt } from '../../src/simulator/random.ts';
import { generator, seed } from '../support/seed.ts';
import { judgingTimes } from '../support/starvation.ts';

class Item extends WheelItem {
  readonly visits: number[] = [];
  readonly #visited: (item: Item) => void;

  constructor(visited: (item: Item) => void = () => {}) {
    super();
    this.#visited = visited;
  }

  override visit(): void {
    this.#visited(this);
  }
}

/** A wheel that only moves when the test says so. */
function manual() {
  let now = 1000;
  const wheel = new TimerWheel(() => now);
  return {
    wheel,
    item: () => new Item((item) => item.visits.push(now)),
    to(time: number) {
      now = time;
      wheel.advance(time);
    },
  };
}

describe('TimerWheel', () => {
  it('visits an item when it is due, once', () => {
    const time = manual();
    const item = time.item();
    time.wheel.schedule(item, 1010.4);
    time.to(1010.9);
    expect(item.visits).toEqual([]);
    time.to(1011);
    time.to(1500);
    time.wheel.stop();
    expect(item.visits).toEqual([1011]);
  });

  it('visits what is overdue at once after a stall, in the order of due times', () => {
    const time = manual();
    const order: number[] = [];
    for (const due of [1300, 1005, 1020, 1010]) time.wheel.schedule(new Item((item) => order.push(item.dueMs)), due);
    time.to(2000);
    time.wheel.stop();
    expect(order).toEqual([1005, 1010, 1020, 1300]);
  });

  it('keeps items that are due after many turns', () => {
    const time = manual();
    const item = time.item();
    time.wheel.schedule(item, 61_000);
    for (let now = 1000; now < 61_000; now += 7) time.to(now);
    expect(item.visits).toEqual([]);
    time.to(61_003);
    time.wheel.stop();
    expect(item.visits).toEqual([61_003]);
  });

  it('takes the newer of two due times of one item', () => {
    const time = manual();
    const [sooner, later] = [time.item(), time.item()];
    time.wheel.schedule(sooner, 1050);
    time.wheel.schedule(sooner, 1020);
    time.wheel.schedule(later, 1020);
    time.wheel.schedule(later, 1050);
    for (let now = 1000; now < 1400; now++) time.to(now);
    time.wheel.stop();
    expect([sooner.visits, later.visits]).toEqual([[1020], [1050]]);
  });

  it('does not visit what was cancelled, unless it is scheduled again', () => {
    const time = manual();
    const [gone, back] = [time.item(), time.item()];
    for (const item of [gone, back]) {
      time.wheel.schedule(item, 1020);
      time.wheel.cancel(item);
    }
    time.wheel.schedule(back, 1020);
    time.to(1300);
    time.wheel.stop();
    expect([gone.visits, back.visits]).toEqual([[], [1300]]);
  });

  it('lets a visit schedule the same item and others', () => {
    const time = manual();
    const visited: string[] = [];
    const other = new Item(() => visited.push('other'));
    const item: Item = new Item(() => {
      visited.push('item');
      time.wheel.schedule(other, item.dueMs + 1);
      if (visited.length < 5) time.wheel.schedule(item, item.dueMs + 20);
    });
    time.wheel.schedule(item, 1005);
    time.to(1100);
    time.wheel.stop();
    expect(visited).toEqual(['item', 'other', 'item', 'other', 'item', 'other']);
  });

  it('visits each of many items once per scheduling, never early, whatever the steps of time', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const time = manual();
      let now = 1000;
      let draw = 0;
      const pending = new Map<Item, number>();
      let visits = 0;
      const items = Array.from(
        { length: 30 },
        () =>
          new Item((item) => {
            expect(pending.get(item), `seed ${seed}`).toBeLessThanOrEqual(now);
            pending.delete(item);
            visits++;
          }),
      );
      let scheduled = 0;
      for (let step = 0; step < 300; step++) {
        const item = items[bitsAt(seed, draw++) % items.length]!;
        if (!pending.has(item)) {
          const due = now + uniformAt(seed, draw++) * 900;
          pending.set(item, due);
          time.wheel.schedule(item, due);
          scheduled++;
        }
        now += uniformAt(seed, draw++) ** 4 * 400;
        time.to(now);
      }
      now += 2000;
      time.to(now);
      time.wheel.stop();
      expect([pending.size, visits], `seed ${seed}`).toEqual([0, scheduled]);
    }
  });

  it(
    'runs by itself on the clock it was given',
    judgingTimes(async () => {
      const wheel = new TimerWheel(() => performance.now());
      const start = performance.now();
      const at = await new Promise<number>((resolve) => {
        // The later one first: the wheel must wake up for the sooner one.
        wheel.schedule(new Item(() => {}), start + 200);
        wheel.schedule(new Item(() => resolve(performance.now())), start + 15);
      });
      wheel.stop();
      expect(at - start).toBeGreaterThanOrEqual(15);
      expect(at - start).toBeLessThan(150);
    }),
  );
});

/** Told when it is visited. */
class Speaker extends WheelItem {
  readonly visits: number[] = [];
  onVisit: (item: Speaker, nowMs: number) => void = () => {};

  override visit(nowMs: number): void {
    this.visits.push(nowMs);
    this.onVisit(this, nowMs);
  }
}

describe('TimerWheel with ticks of 5 ms', () => {
  it('visits all who wait in one bucket, also when the first one schedules itself anew while it is late', () => {
    let nowMs = 1_000;
    const wheel = new TimerWheel(() => nowMs, 5);
    const items = Array.from({ length: 200 }, () => new Speaker());
    for (const item of items) {
      item.onVisit = (each, atMs) => wheel.schedule(each, atMs + 60);
      wheel.schedule(item, 1_060);
    }
    for (const stepMs of [62, 75, 300, 65, 1_500]) {
      nowMs += stepMs;
      wheel.advance(nowMs);
    }
    expect(new Set(items.map(({ visits }) => visits.length))).toEqual(new Set([5]));
    wheel.stop();
  });

  it('visits everybody once for each scheduling, never before the time and never later than it turns', () => {
    const random = generator(seed);
    let nowMs = 5_000;
    const wheel = new TimerWheel(() => nowMs, 5);
    const items = Array.from({ length: 50 }, () => new Speaker());
    const due = new Map<Speaker, number>();
    for (const item of items) {
      item.onVisit = (each, atMs) => {
        expect(atMs).toBeGreaterThanOrEqual(due.get(each)!);
        due.delete(each);
        if (random() < 0.5) schedule(each);
      };
    }
    const schedule = (item: Speaker) => {
      const atMs = nowMs + random() * (random() < 0.1 ? 3_000 : 100);
      due.set(item, atMs);
      wheel.schedule(item, atMs);
    };
    for (let n = 0; n < 20_000; n++) {
      const item = items[Math.floor(random() * items.length)]!;
      if (random() < 0.3) schedule(item);
      else if (random() < 0.1) {
        wheel.cancel(item);
        due.delete(item);
      }
      nowMs += random() < 0.01 ? random() * 2_000 : random() * 8;
      wheel.advance(nowMs);
      // A bucket is 5 ms.
      for (const atMs of due.values()) expect(atMs).toBeGreaterThan(nowMs - 10);
    }
    wheel.stop();
  });
});
