/** ACS's queue on a clock that the test moves: what is heard, when, and what is not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zeroHeard } from '../../src/simulator/heard-counts.ts';
import { StepHistogram } from '../../src/simulator/lateness.ts';
import { Playout, pauseMs, queueMsMax } from '../../src/simulator/playout.ts';

const frame = 640;

function playout(startAt = 0) {
  const counts = zeroHeard();
  const depth = new StepHistogram(1, queueMsMax);
  return { counts, depth, queue: new Playout(16_000, startAt, counts, depth) };
}

describe('what comes early', () => {
  it('is played in order at the pace of real time', () => {
    const { counts, depth, queue } = playout(1000);
    expect([1000, 1000, 1000].map((now) => queue.push(frame, now))).toEqual([0, frame, 2 * frame]);
    expect(queue.emptyAt).toBe(1060);
    expect([depth.count, depth.maxMs]).toEqual([3, 60]);
    queue.end(1030);
    expect(counts).toMatchObject({ receivedBytes: 3 * frame, heardBytes: 2 * frame, unplayedBytes: frame });
  });

  it('beyond the bound is not taken, and counted', () => {
    const { counts, queue } = playout();
    const most = queueMsMax * 32;
    expect(queue.push(most, 0)).toBe(0);
    // The first frame has begun: it does not wait any more.
    expect([queue.push(frame, 0), queue.push(frame, 0)]).toEqual([most, -1]);
    expect([queue.push(frame, 20), queue.push(2, 20)]).toEqual([most + frame, -1]);
    queue.end(20);
    expect(counts).toMatchObject({ heardBytes: 2 * frame, overrunBytes: frame + 2, unplayedBytes: most });
  });
});

describe('StopAudio', () => {
  it('empties the queue; a frame that has begun is heard to its end', () => {
    const { counts, queue } = playout();
    queue.push(10 * frame, 0);
    expect(queue.stop(45)).toBe(3 * frame);
    expect(counts).toMatchObject({ heardBytes: 3 * frame, clearedBytes: 7 * frame, stops: 1 });
    // What follows waits for that end.
    expect(queue.push(frame, 50)).toBe(3 * frame);
    expect(queue.emptyAt).toBe(80);
  });

  it('is no underrun: what comes after it is another utterance', () => {
    const { counts, queue } = playout();
    queue.push(frame, 0);
    queue.stop(100);
    queue.push(frame, 300);
    expect(counts).toMatchObject({ underruns: 0, utterances: 2 });
  });
});

describe('silence', () => {
  it('within an utterance is an underrun: once, and for so long', () => {
    const { counts, queue } = playout();
    queue.push(2 * frame, 0);
    expect(queue.push(frame, 100)).toBe(100 * 32);
    queue.push(frame, 115);
    queue.push(frame, 141);
    expect(counts).toMatchObject({ underruns: 2, underrunMs: 61, utterances: 1 });
  });

  it('before the first audio, and longer than a pause, is none', () => {
    const { counts, queue } = playout();
    queue.push(frame, 400);
    queue.push(frame, 420 + pauseMs);
    queue.push(frame, 440 + 2 * pauseMs + 1);
    expect(counts).toMatchObject({ underruns: 1, underrunMs: pauseMs, utterances: 2 });
  });
});

describe('pace', () => {
  it('is audio over time within utterances, whatever comes together', () => {
    const { counts, queue } = playout();
    for (let at = 0; at <= 6000; at += 60) for (let n = 0; n < 3; n++) queue.push(frame, at);
    queue.push(frame, 60_000);
    expect(counts).toMatchObject({ pacedMs: 6000, pacedBytes: 302 * frame, utterances: 2 });
  });

  it('of an answer at once has no time', () => {
    const { counts, queue } = playout();
    for (let n = 0; n < 50; n++) queue.push(frame, 5);
    expect(counts).toMatchObject({ pacedMs: 0, pacedBytes: 49 * frame });
  });
});

it('loses no byte, whatever comes when', () => {
  const step = fc.record({
    afterMs: fc.integer({ min: 0, max: 900 }),
    samples: fc.integer({ min: 0, max: 4000 }),
    isStop: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const { counts, queue } = playout();
      let now = 0;
      let end = 0;
      for (const { afterMs, samples, isStop } of steps) {
        now += afterMs;
        if (isStop) end = queue.stop(now);
        else {
          const at = queue.push(samples * 2, now);
          // Never before what is there already, and never in the past.
          expect(at).toBeGreaterThanOrEqual(end);
          expect(at).toBeGreaterThanOrEqual(queue.byteAt(now) - 2);
          end = at + samples * 2;
        }
      }
      queue.end(now + 10_000_000);
      expect(counts.unplayedBytes).toBe(0);
      expect(counts.heardBytes + counts.clearedBytes + counts.overrunBytes).toBe(counts.receivedBytes);
    }),
  );
});
