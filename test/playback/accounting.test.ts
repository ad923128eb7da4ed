/** Whatever happens, in any order: every frame is in one counter, everybody who waits is told, and memory comes back. */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { Pacer } from '../../src/playback/pacer.ts';
import type { Utterance } from '../../src/playback/utterance.ts';
import { generator, seed as seedOfTests } from '../support/seed.ts';
import { Acs, Rig, ramp } from './rig.ts';
import type { Order } from './speaking.worker.ts';

/** Whole numbers from a seed. */
function randomOf(from: number): (below: number) => number {
  const random = generator(from);
  return (below) => Math.floor(random() * below);
}

function check(rig: Rig): void {
  expect(rig.unaccounted).toBe(0);
  expect(rig.acs.getBufferedAmount()).toBeLessThanOrEqual(rig.acs.limitBytes + 2_000);
}

function episode(seed: number): { readonly rig: Rig; readonly utterances: Utterance[] } {
  const random = randomOf(seed);
  const rig = new Rig({ seconds: 3, memoryBytes: 12 * 15_360 });
  const utterances: Utterance[] = [];
  let current: Utterance | null = null;
  const begin = () => {
    current = rig.writer.begin({ isLive: random(4) === 0 });
    utterances.push(current);
  };
  const deeds: (() => void)[] = [
    begin,
    () => current?.write(ramp(random(20_000))),
    () => current?.write(ramp(random(500))),
    () => current?.end(),
    () => random(3) === 0 && rig.writer.clear(),
    () => rig.run(random(300)),
    () => rig.run(random(50)),
    () => random(5) === 0 && rig.stall(random(1_500)),
    () => {
      rig.acs.isBlocked = random(3) === 0;
      if (rig.acs.isBlocked) return;
      rig.acs.unblock();
      rig.speaker.drained();
    },
    () => {
      if (random(8) === 0) rig.socket = random(3) === 0 ? null : rig.socket === rig.acs ? new Acs(rig.clock) : rig.acs;
    },
    () => rig.speaker.ponged(),
  ];
  for (let n = 0; n < 300; n++) {
    deeds[random(deeds.length)]!();
    check(rig);
  }
  return { rig, utterances };
}

describe('accounting', () => {
  it('is exact at every moment of any life', async () => {
    const first = seedOfTests;
    for (let seed = first; seed < first + 60; seed++) {
      const { rig, utterances } = episode(seed);
      const waiting = utterances.map((utterance) => utterance.played());
      rig.speaker.close('stream_ended');
      await Promise.all(waiting);
      const { written, queued } = rig.speaker.report;
      expect([rig.unaccounted, queued, rig.memory.blocksHeld, rig.totals.written], `seed ${seed}`).toEqual([
        0,
        0,
        0,
        written,
      ]);
      const { played, cleared, discarded } = rig.totals.utterances;
      expect(played + cleared + discarded, `seed ${seed}`).toBe(utterances.length);
      rig[Symbol.dispose]();
    }
  });
});

/** One writes over its queue at random while another one's call is spoken to. */
async function madness(seed: number): Promise<void> {
  const random = randomOf(seed);
  using honest = new Rig({ number: 9 });
  using mad = new Rig({ memory: honest.memory });
  const answer = honest.writer.begin();
  answer.write(ramp(32_000));
  answer.end();
  mad.writer.begin().write(ramp(16_000));
  const words = mad.queue.i32;
  for (let n = 0; n < 60; n++) {
    for (let k = random(4); k > 0; k--) {
      const value = [random(2 ** 31), -random(2 ** 31), random(64), random(2_000)][random(4)]!;
      words[random(words.length)] = value;
    }
    honest.run(50);
    mad.run(50);
    mad.speaker.turn(mad.nowMs);
    expect(mad.unaccounted, `seed ${seed}`).toBe(0);
  }
  // Not a sample of the other one's, and none of this one's is lost.
  expect(honest.acs.heard.length, `seed ${seed}`).toBe(64_000);
  expect(honest.acs.heard.equals(Buffer.from(ramp(32_000).buffer)), `seed ${seed}`).toBe(true);
  mad.speaker.close('stream_ended');
  expect(mad.unaccounted).toBe(0);
  honest.speaker.close('stream_ended');
  // A writer that says that it is in the middle of a write has a second for it.
  for (let n = 0; n < 500 && honest.memory.blocksHeld > 0; n++) await sleep(10);
  expect(honest.memory.blocksHeld, `seed ${seed}`).toBe(0);
}

describe('a writer gone mad', () => {
  it('harms no call but its own', async () => {
    // Some at a time, because they wait in the end.
    for (let first = seedOfTests; first < seedOfTests + 100; first += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, n) => madness(first + n)));
    }
  });
});

describe('the account of all calls', () => {
  it('is exact while threads write', async () => {
    using rig = new Rig();
    const pacer = new Pacer({ leadMs: 200, seconds: 30, memoryBytes: 4 * 2 ** 20, marks: false, queueCount: 4 });
    const { speaker, handle } = pacer.open({
      streamId: 'stream',
      callConnectionId: null,
      place: 0,
      outgoing: () => null,
      sampleRate: () => 16_000,
      track: rig.track,
      onStarted: () => {},
      onEnded: () => {},
    });
    const writer = new Worker(new URL('./speaking.worker.ts', import.meta.url));
    writer.postMessage({ type: 'speak', handle, seconds: 25, piece: 2 } satisfies Order);
    // Nothing is sent, and this thread does little but look: a frame comes between two looks, or within one.
    const seen = new Set<number>();
    for (const giveUpMs = performance.now() + 20_000; speaker.report.queued < 25 * 50; await setImmediate()) {
      for (let n = 0; n < 1_000; n++) seen.add(pacer.unaccounted);
      if (performance.now() > giveUpMs) break;
    }
    pacer.stop();
    await writer.terminate();
    expect([...seen]).toEqual([0]);
    expect(speaker.report.written).toBe(25 * 50);
  });
});
