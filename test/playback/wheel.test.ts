/** The wheel that all streams that speak share: whoever waits is visited once, in time, however late it turns itself. */
import { expect, it } from 'vitest';
import { Wheel, type WheelItem } from '../../src/playback/wheel.ts';
import { generator, seed } from '../support/seed.ts';

class Item implements WheelItem {
  tick = -1;
  dueMs = 0;
  visits: number[] = [];
  onVisit: (item: Item, nowMs: number) => void = () => {};
  visit(nowMs: number): void {
    this.visits.push(nowMs);
    this.onVisit(this, nowMs);
  }
}

it('visits all who wait in one bucket, also when the first one schedules itself anew while it is late', () => {
  let nowMs = 1_000;
  const wheel = new Wheel(() => nowMs);
  const items = Array.from({ length: 200 }, () => new Item());
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
  const wheel = new Wheel(() => nowMs);
  const items = Array.from({ length: 50 }, () => new Item());
  const due = new Map<Item, number>();
  for (const item of items) {
    item.onVisit = (each, atMs) => {
      expect(atMs).toBeGreaterThanOrEqual(due.get(each)!);
      due.delete(each);
      if (random() < 0.5) schedule(each);
    };
  }
  const schedule = (item: Item) => {
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
