import { describe, expect, it } from 'vitest';
import { completeShape } from '../../src/simulator/options.ts';
import { Pacing, pacingBoundsMs, RunPacing } from '../../src/simulator/pacing.ts';
import { emptySlot, ParticipantPlan, sendingOrder } from '../../src/simulator/plan.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { block } from '../support/block.ts';
import { unlessStarved } from '../support/starvation.ts';
import { RecordingServer } from './support/server.ts';

/** Sends frames in this order, each at its time. */
function paced(frames: Iterable<readonly [index: number, sentMs: number]>) {
  const run = new RunPacing();
  const pacing = new Pacing(run);
  for (const [index, sentMs] of frames) pacing.note(index, sentMs);
  return { pacing, report: run.report() };
}

function* regular(count: number, offMs: (n: number) => number = () => 0): Generator<[number, number]> {
  for (let n = 0; n < count; n++) yield [n, 1000 + 20 * n + offMs(n)];
}

/** Buckets by their upper bound in ms; all others are empty. */
function buckets(counts: Readonly<Record<string, number>>): number[] {
  return [...pacingBoundsMs, Number.POSITIVE_INFINITY].map((bound) => counts[bound] ?? 0);
}

describe('Pacing', () => {
  it('is nothing when nothing was sent', () => {
    expect(paced([]).report).toMatchObject({ frames: 0, comparedFrames: 0, jitterMs: { mean: 0, worst: 0 } });
  });

  it('has no jitter when frames leave every 20 ms', () => {
    const { report } = paced(regular(100));
    expect(report).toMatchObject({ frames: 100, comparedFrames: 99, jitterMs: { mean: 0, worst: 0 } });
    expect([report.jitterBuckets, report.deviationBuckets]).toEqual([buckets({ 0.5: 100 }), buckets({ 0.5: 99 })]);
  });

  it('is J of RFC 3550: of frames that leave 4 ms too early and too late in turn, 8 (1 - (15/16)^k)', () => {
    const { pacing, report } = paced(regular(200, (n) => (n % 2 === 0 ? 4 : -4)));
    const faded = (15 / 16) ** 199;
    expect(report.jitterMs.worst).toBeCloseTo(8 * (1 - faded), 3);
    expect(report.jitterMs.mean).toBeCloseTo(8 * (1 - (15 * (1 - faded)) / 199), 3);
    expect(report.deviationMs).toEqual({ mean: 8, worst: 8 });
    expect(report.deviationBuckets).toEqual(buckets({ 10: 199 }));
    expect([pacing.jitterMeanMs, pacing.jitterWorstMs]).toEqual([report.jitterMs.mean, report.jitterMs.worst]);
  });

  it('puts a value into the bucket whose bound it does not exceed', () => {
    let sentMs = 0;
    const frames = [0, ...pacingBoundsMs, 1000.5].map((offMs, n): [number, number] => {
      sentMs += n === 0 ? 0 : 20 + offMs;
      return [n, sentMs];
    });
    expect(paced(frames).report.deviationBuckets).toEqual(Array(pacingBoundsMs.length + 1).fill(1));
  });

  it.each<[string, number[], number]>([
    ['a lost frame', [0, 1, 3, 4], 2],
    ['a frame that is sent twice', [0, 1, 1, 2], 2],
    ['two exchanged frames', [0, 2, 1, 3, 4], 1],
  ])('learns nothing from %s', (_what, order, compared) => {
    const { report } = paced(order.map((index, place) => [index, 20 * place]));
    expect(report).toMatchObject({ frames: order.length, comparedFrames: compared });
    expect(report.jitterBuckets.reduce((sum, n) => sum + n, 0)).toBe(order.length);
    expect(report.jitterMs.worst).toBe(0);
  });

  it('keeps J across a hole, and compares the next frame with the one behind it', () => {
    const { report } = paced([
      [0, 0],
      [1, 36],
      [5, 500],
      [6, 520],
    ]);
    // 1 after the first comparison, 15/16 after the second.
    expect(report.jitterMs).toEqual({ mean: 0.969, worst: 1 });
  });

  it('is each participant’s own, and the run’s is that of all frames', () => {
    const run = new RunPacing();
    const [calm, shaky] = [new Pacing(run), new Pacing(run)];
    for (const [n, sentMs] of regular(50)) calm.note(n, sentMs);
    for (const [n, sentMs] of regular(50, (k) => (k % 2) * 10)) shaky.note(n, sentMs);
    expect(calm.jitterWorstMs).toBe(0);
    expect(shaky.jitterWorstMs).toBeCloseTo(10 * (1 - (15 / 16) ** 49), 3);
    expect(run.report().jitterMs.mean).toBeCloseTo(shaky.jitterMeanMs / 2, 2);
  });
});

describe('the pacing of a run', () => {
  /** What J would be if every frame left at the very moment at which it is due. */
  function plannedJitterMs(shape: ReturnType<typeof completeShape>, call: number): number {
    const plan = new ParticipantPlan(shape.seed, call, 0, shape.frameCount, shape);
    const slot = emptySlot();
    const run = new RunPacing();
    const pacing = new Pacing(run);
    let atMs = 0;
    for (let index = 0; index < shape.frameCount; index++) {
      plan.slot(index, slot);
      atMs = Math.max(atMs, 20 * index + slot.delayMs);
      pacing.note(index, atMs);
    }
    return pacing.jitterMeanMs;
  }

  it('is the planned jitter and what this machine adds', () =>
    unlessStarved(async (machine) => {
      await using server = await RecordingServer.start();
      const options = { calls: 4, durationMs: 3000, jitterMs: 40, seed: 11 };
      const { asSent, perCall } = await simulateCalls({ ...options, url: server.url });
      expect([asSent.frames, asSent.comparedFrames]).toEqual([600, 4 * 149]);
      for (const { call, asSent: tracks } of perCall) {
        const planned = plannedJitterMs(completeShape(options), call);
        expect(planned).toBeGreaterThan(9);
        // Timers of a millisecond, and whatever else this machine does.
        expect(Math.abs(tracks[0]!.jitterMeanMs - planned)).toBeLessThan(3 + 2 * machine.meanMs);
      }
      expect(asSent.jitterMs.mean).toBeCloseTo(
        perCall.reduce((sum, call) => sum + call.asSent[0]!.jitterMeanMs, 0) / 4,
        2,
      );
    }));

  it('compares exactly the frames that follow their predecessor, whatever is lost, repeated or exchanged', async () => {
    await using server = await RecordingServer.start();
    const options = { calls: 3, participants: 2, durationMs: 1500, seed: 12, loss: 0.1, duplicate: 0.1, reorder: 0.1 };
    const { asSent, expected } = await simulateCalls({ ...options, url: server.url });
    const shape = completeShape(options);
    let follow = 0;
    for (let call = 0; call < 3; call++) {
      for (const participant of [0, 1]) {
        const order = sendingOrder(new ParticipantPlan(12, call, participant, shape.frameCount, shape));
        follow += order.filter((index, i) => i > 0 && index === order[i - 1]! + 1).length;
      }
    }
    expect([asSent.frames, asSent.comparedFrames]).toEqual([expected.frames, follow]);
  });

  it('shows a stall of ours: one deviation of its length, and the frames behind it too early', async () => {
    await using server = await RecordingServer.start();
    const running = simulateCalls({ url: server.url, durationMs: 1000 });
    await new Promise((resolve) => setTimeout(resolve, 400));
    block(300);
    const { asSent } = await running;
    expect(asSent.deviationMs.worst).toBeGreaterThan(250);
    expect(asSent.jitterMs.worst).toBeGreaterThan(250 / 16);
    const early = asSent.deviationBuckets[pacingBoundsMs.indexOf(20)]!;
    expect(early).toBeGreaterThan(10);
  });
});
