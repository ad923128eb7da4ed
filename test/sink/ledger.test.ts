/** What is overwritten while a sink's thread stands still is counted from outside, exactly, and no count ever decreases. */
import { expect, it } from 'vitest';
import { ring } from '../../src/memory/layout.ts';
import { guardSlots } from '../../src/memory/sizes.ts';
import { placeOf, RingCursor } from '../../src/ring/cursor.ts';
import { Frame } from '../../src/ring/frame.ts';
import { type Entry, Ledger, type LedgerSums } from '../../src/sink/ledger.ts';
import { Checkpoint, Progress } from '../../src/sink/progress.ts';
import { openRing, smallMemory, writeMany } from '../ring/ring-rig.ts';
import { generator } from '../support/seed.ts';
import { trackOf } from './sink-rig.ts';

const ringSlots = 12;
const readable = ringSlots - guardSlots;

function rigOf() {
  const { memory, pool } = smallMemory(1, ringSlots);
  const writer = openRing(memory, pool, 'a');
  const address = { index: writer.index, generation: writer.i32[(writer.at + ring.generation) / 4]! };
  const ledger = new Ledger(memory);
  const entry = ledger.begin(trackOf('a'), address);
  return { memory, pool, writer, address, ledger, entry };
}

/** A thread of the sink: what it reads is in its hands until it commits. */
class Thread {
  private readonly checkpoint: Checkpoint;
  private readonly cursor: RingCursor;
  private readonly frame = new Frame();

  constructor(memory: ReturnType<typeof smallMemory>['memory'], { start }: Entry) {
    this.checkpoint = new Checkpoint(new Progress(start.progress), new Float64Array(start.ofStream));
    this.cursor = new RingCursor(placeOf(memory, start.ring));
    this.cursor.resume(this.checkpoint.next, this.checkpoint.framesLapped);
  }

  read(frames: number): void {
    for (let n = 0; n < frames; n++) this.cursor.read(this.frame);
  }

  commit(): void {
    this.checkpoint.commit(this.cursor.next, this.cursor.framesLapped);
  }
}

it('frames published = read + lapped + still to read at every moment, and nothing goes back, whatever threads do', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = generator(seed);
    const { memory, writer, ledger, entry } = rigOf();
    let thread = new Thread(memory, entry);
    const old: Thread[] = [];
    let published = 0;
    let last: LedgerSums = { framesRead: 0, framesLapped: 0, framesLost: 0 };
    for (let step = 0; step < 200; step++) {
      const dice = random();
      if (dice < 0.4) {
        const frames = Math.floor(random() * 8);
        writeMany(writer, published, frames);
        published += frames;
      } else if (dice < 0.6) thread.read(Math.floor(random() * 8));
      else if (dice < 0.8) thread.commit();
      else if (dice < 0.85) {
        // It hangs, and is replaced; it may still write.
        ledger.takeAway();
        ledger.handOver();
        old.push(thread);
        thread = new Thread(memory, entry);
      } else if (dice < 0.9) {
        ledger.handOver();
        thread = new Thread(memory, entry);
      } else {
        for (const one of old) {
          one.read(3);
          one.commit();
        }
      }
      const sums = ledger.sums(true);
      const toRead = published - sums.framesRead - sums.framesLapped;
      const what = `seed ${seed}, step ${step}`;
      expect(toRead, what).toBeGreaterThanOrEqual(0);
      expect(toRead, what).toBeLessThanOrEqual(readable);
      expect(sums.framesRead, what).toBeGreaterThanOrEqual(last.framesRead);
      expect(sums.framesLapped, what).toBeGreaterThanOrEqual(last.framesLapped);
      last = sums;
    }
    thread.read(1000);
    thread.commit();
    entry.frames = published;
    const { framesRead, framesLapped } = ledger.settle(entry);
    expect([framesRead + framesLapped, ledger.framesUnaccounted], `seed ${seed}`).toEqual([published, 0]);
    expect(ledger.sums(false)).toMatchObject({ framesRead, framesLapped });
  }
});

it('a thread that turns is taken at its word: what it has in hand is not lapped', () => {
  const { memory, writer, ledger, entry } = rigOf();
  const thread = new Thread(memory, entry);
  writeMany(writer, 0, 5);
  thread.read(5);
  writeMany(writer, 5, 40);
  expect(ledger.sums(false)).toMatchObject({ framesRead: 0, framesLapped: 0 });
  thread.commit();
  expect(ledger.sums(false)).toMatchObject({ framesRead: 5, framesLapped: 0 });
});

it('a ring that was given away while nobody read it is lapped to its end', () => {
  const { pool, writer, ledger, entry } = rigOf();
  writeMany(writer, 0, 5);
  entry.frames = 5;
  pool.release(writer.index);
  expect(ledger.sums(true)).toMatchObject({ framesRead: 0, framesLapped: 5 });
  const [given] = ledger.giveUp(performance.now(), 0);
  expect(given).toEqual({ streamId: 's', end: { framesRead: 0, framesLapped: 5 } });
  expect([ledger.sums(true).framesLapped, ledger.framesUnaccounted]).toEqual([5, 0]);
});
