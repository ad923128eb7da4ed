/**
 * What the gateway measures is what was sent. The simulator stamps every frame when it hands it to its socket, and computes
 * jitter from that by code of its own; the gateway stamps arrivals. Between them lie loopback and two schedulers, a
 * millisecond or so; frames are delayed by up to 60 or 100 ms, so that this is small beside it.
 *
 * Counts must be equal. Distributions have tolerances, from runs on two cores, most of them beside two processes that took
 * all the CPU they could get. Worst seen without and with those: mean J of a participant off by 0.7 and 1.7 ms, over
 * all by 0.3 and 9 %; distance of the distributions of J 0.004 and 0.13, of deviations 0.004 and 0.03. The tolerances are twice
 * that or more; a gateway with deviations from 10 ms misses the distance several times over. By which share J rises is
 * judged without any: by arrivals that a capture holds.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { recordKind } from '../../src/capture/format.ts';
import { openCapture } from '../../src/capture/open-capture.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, type GatewayProcess } from '../support/gateway-process.ts';
import {
  collect,
  countAbove,
  distance,
  frameCounts,
  histogram,
  mean,
  meanJitters,
  measureRun,
  startGateway,
  total,
} from '../support/measurement.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { always, judgingTimes } from '../support/starvation.ts';

const jitterSeries = 'frame_jitter_seconds';
const deviationSeries = 'frame_interarrival_deviation_seconds';
const slow = ['--duration', '2s', '--jitter-ms', '60', '--seed', '31'];

const mixes = [
  ['mixed at 16 kHz', ['--calls', '20', '--loss', '0.03', '--duplicate', '0.03', '--silence', '0.3']],
  [
    'unmixed at 24 kHz',
    ['--calls', '8', '--participants', '3', '--rate', '24000', '--loss', '0.02', '--duplicate', '0.05'],
  ],
] as const;
const exchanged = [
  [
    'unmixed at 16 kHz',
    ['--calls', '8', '--participants', '3', '--loss', '0.03', '--reorder', '0.05', '--duplicate', '0.03'],
  ],
  ['mixed at 24 kHz', ['--calls', '20', '--rate', '24000', '--silence', '0.3', '--reorder', '0.1']],
] as const;

describe.each([...mixes, ...exchanged])('%s, %j', (_what, mix) => {
  test('every count is equal, of all and of each participant', async () => {
    const { report, metrics, participants } = await measureRun(...mix, ...slow);
    const { messages, ...expected } = report.expected;
    expect(report.ok).toBe(true);
    expect(frameCounts(metrics)).toEqual(expected);
    expect([metrics.get('participant_pauses_total'), metrics.get('clock_steps_total')]).toEqual([0, 0]);
    report.perCall.forEach((call, i) => {
      const counts = call.participants.map(({ id, ...rest }) => rest);
      expect(participants[i]).toMatchObject(counts);
    });
    // J is observed after every message, deviations of those that follow their predecessor.
    const { frames, comparedFrames, boundsMs } = report.asSent;
    expect(messages.committed).toBe(frames);
    expect(total(histogram(metrics, jitterSeries, boundsMs))).toBe(frames);
    expect(total(histogram(metrics, deviationSeries, boundsMs))).toBe(comparedFrames);
  });
});

describe.each([...mixes, ...exchanged])('%s, %j', (_what, mix) => {
  test(
    'jitter and deviation are those with which the frames were sent',
    judgingTimes(async () => {
      const measured = await measureRun(...mix, ...slow);
      const { metrics, report } = measured;
      const { asSent } = report;
      const pairs = meanJitters(measured);
      expect(asSent.jitterMs.mean).toBeGreaterThan(8);
      for (const { measured: ours, sent } of pairs) expect(Math.abs(ours - sent)).toBeLessThan(4);
      const ratio = mean(pairs.map((pair) => pair.measured)) / mean(pairs.map((pair) => pair.sent));
      expect(Math.abs(ratio - 1)).toBeLessThan(0.2);
      const jitter = histogram(metrics, jitterSeries, asSent.boundsMs);
      const deviation = histogram(metrics, deviationSeries, asSent.boundsMs);
      expect(distance(jitter, asSent.jitterBuckets)).toBeLessThan(0.25);
      expect(distance(deviation, asSent.deviationBuckets)).toBeLessThan(0.12);
      const deviationMs = (metrics.get(`${deviationSeries}_sum`)! * 1000) / total(deviation);
      expect(Math.abs(deviationMs / asSent.deviationMs.mean - 1)).toBeLessThan(0.2);
    }),
  );
});

/** The mean J of each call, by hand from when its messages arrived. */
function jittersOf(path: string): number[] {
  const tracks = new Map<number, { atMs: number; stampMs: number; jitter: number; sum: number; frames: number }>();
  const capture = openCapture(path);
  for (const { kind, socket, atUs, body } of capture.records()) {
    const message = kind === recordKind.text ? JSON.parse(body.toString()) : {};
    if (message.kind !== 'AudioData') continue;
    const atMs = atUs / 1000;
    const stampMs = Date.parse(message.audioData.timestamp);
    // The first frame has none before it.
    const track = tracks.get(socket) ?? { atMs, stampMs, jitter: 0, sum: 0, frames: -1 };
    track.jitter += (Math.abs(atMs - track.atMs - (stampMs - track.stampMs)) - track.jitter) / 16;
    Object.assign(track, { atMs, stampMs, sum: track.sum + track.jitter, frames: track.frames + 1 });
    tracks.set(socket, track);
  }
  capture.close();
  return [...tracks.values()].map(({ sum, frames }) => sum / frames);
}

test(
  'J rises with a sixteenth of what is new, not a fifteenth or a seventeenth',
  // A gateway that is late, honestly, may refuse a call.
  judgingTimes(async () => {
    // In a call of a second J is still on its way up, so the share of what is new decides how far it comes.
    const file = join(temporaryFolder(), 'calls.acscap');
    const gateway = await startGateway('--capture', file);
    const calls = startSimulator(gateway.url, ...'--calls 60 --duration 1s --jitter-ms 100 --ramp 500ms'.split(' '));
    const { report, participants } = await collect(gateway, calls);
    expect(report.ok).toBe(true);
    const ascending = (values: readonly number[]) => values.toSorted((a, b) => a - b);
    const measured = ascending(participants.map(([only]) => only!['jitterMeanMs']!));
    const ofArrivals = ascending(jittersOf(file));
    await always(() => {
      expect(ofArrivals).toHaveLength(60);
      // A capture has microseconds. A fifteenth would be off by 3 %.
      for (const [i, ms] of measured.entries()) expect(ms / ofArrivals[i]!).toBeCloseTo(1, 3);
    });
  }),
);

describe('a stall of 500 ms', () => {
  const calls = 5;
  const flags = ['--calls', String(calls), '--participants', '2', '--duration', '3s', '--ramp', '0s'];
  const tracks = calls * 2;
  const mainThread = 'thread="main",';
  const isRunning = (gateway: GatewayProcess) =>
    eventually(async () => (await gateway.metrics()).get('frames_committed_total')! > tracks * 20);

  function expectNothingLost(metrics: ReadonlyMap<string, number>): void {
    expect(metrics.get('frames_committed_total')).toBe(tracks * 150);
    const names = ['frames_missing_total', 'gaps_total', 'frames_out_of_order_total', 'participant_pauses_total'];
    for (const name of names) expect(metrics.get(name), name).toBe(0);
  }

  test(
    'of the sender loses nothing, and shows in deviation and jitter, not in the event loop',
    judgingTimes(async () => {
      const gateway = await startGateway();
      const simulator = startSimulator(gateway.url, ...flags);
      await isRunning(gateway);
      const before = await gateway.metrics();
      simulator.signal('SIGSTOP');
      await sleep(500);
      simulator.signal('SIGCONT');
      const { report, metrics } = await collect(gateway, simulator);

      expect(report.expected).toMatchObject({ frames: tracks * 150, missingFrames: 0 });
      expectNothingLost(metrics);
      // One deviation of half a second for each participant, on both sides, and the frames of the burst 20 ms too early.
      expect(countAbove(metrics, deviationSeries, 200)).toBe(tracks);
      expect(report.asSent.deviationMs.worst).toBeGreaterThan(400);
      const [, , early] = histogram(metrics, deviationSeries, [0.5, 15, 20]);
      expect(early).toBeGreaterThanOrEqual(tracks * 15);
      expect(countAbove(metrics, jitterSeries, 20)).toBeGreaterThanOrEqual(tracks);
      // The gateway itself was never held up like that.
      const stalled = (sample: typeof metrics) => countAbove(sample, 'eventloop_delay_seconds', 200, mainThread);
      expect(stalled(metrics) - stalled(before)).toBe(0);
      expect(countAbove(metrics, 'residence_seconds', 200)).toBe(0);
    }),
  );

  test(
    'of the gateway loses nothing, and shows in its event loop as well as in deviation and jitter',
    judgingTimes(async () => {
      const gateway = await startGateway();
      const simulator = startSimulator(gateway.url, ...flags);
      await isRunning(gateway);
      const before = await gateway.metrics();
      gateway.signal('SIGSTOP');
      await sleep(500);
      gateway.signal('SIGCONT');
      const { report, metrics } = await collect(gateway, simulator);

      expectNothingLost(metrics);
      // An arrival is when we read: frames that waited in the kernel came late, as far as we can know.
      expect(countAbove(metrics, deviationSeries, 200)).toBe(tracks);
      expect(report.asSent.deviationMs.worst).toBeLessThan(200);
      // What tells it apart from a stall on the way.
      const stalled = (sample: typeof metrics) => countAbove(sample, 'eventloop_delay_seconds', 200, mainThread);
      expect(stalled(metrics) - stalled(before)).toBeGreaterThan(0);
    }),
  );
});
