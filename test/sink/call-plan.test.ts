/** Where files belong in the file of a call, also where a timestamp does not say it. */
import { expect, it } from 'vitest';
import { ringFramesMax } from '../../src/base/limits.ts';
import { planCall, type TrackFile } from '../../src/sink/files/call-plan.ts';

const startMs = Date.parse('2026-01-01T00:00:00Z');
/** ACS's clock is half a second behind ours. */
const aheadMs = 500;

function fileOf(participantId: string | null, atMs: number, more: Partial<TrackFile> = {}): TrackFile {
  return {
    name: `${participantId}-${atMs}.wav`,
    participantId,
    sampleRate: 16_000,
    dataAt: 80,
    samples: 16_000,
    firstTimestampMs: startMs + atMs,
    firstArrivalMs: startMs + atMs + aheadMs,
    ringFrames: 50,
    frames: 50,
    missing: 0,
    lapped: 0,
    lost: 0,
    ...more,
  };
}

const placesOf = (files: readonly TrackFile[]) =>
  planCall(files, 'multichannel').pieces.map(({ file, channel, at }) => [file.participantId, channel, at]);

it('a file begins where its first timestamp says, to the sample, and channels are in the order in which participants came', () => {
  const files = [fileOf('b', 1240.125), fileOf('a', 0), fileOf(null, 10)];
  const plan = planCall(files, 'multichannel');
  expect(placesOf(files)).toEqual([
    ['a', 0, 0],
    [null, 1, 160],
    ['b', 2, 19_842],
  ]);
  expect([plan.samples, plan.channels, plan.firstTimestampMs]).toEqual([35_842, [['a'], [null], ['b']], startMs]);
});

it('stereo has the first participant left and all others right', () => {
  const plan = planCall([fileOf('c', 20), fileOf('a', 0), fileOf('b', 10)], 'stereo');
  expect([plan.channels, plan.pieces.map(({ channel }) => channel)]).toEqual([
    [['a'], ['b', 'c']],
    [0, 1, 1],
  ]);
  expect(planCall([fileOf(null, 0)], 'stereo').channels).toEqual([[null], []]);
});

it('a participant without timestamps is placed by the arrival', () => {
  const files = [fileOf('a', 0), fileOf('b', 2000, { firstTimestampMs: null })];
  expect(placesOf(files)).toEqual([
    ['a', 0, 0],
    ['b', 1, 32_000],
  ]);
});

it.each([-1, 1])('so is one who came after ACS set its clock (%i)', (direction) => {
  const files = [fileOf('a', 0), fileOf('b', 2000, { firstTimestampMs: startMs + 2000 + direction * 3_600_000 })];
  expect(placesOf(files)).toEqual([
    ['a', 0, 0],
    ['b', 1, 32_000],
  ]);
});

it('an arrival that was late, as after a stall, moves nothing', () => {
  const files = [fileOf('a', 0), fileOf('b', 2000, { firstArrivalMs: startMs + 2000 + aheadMs + 10_000 })];
  expect(placesOf(files)[1]).toEqual(['b', 1, 32_000]);
});

it('without any timestamp all are placed by their arrival, and the time of the call is unknown', () => {
  const files = [fileOf('b', 20, { firstTimestampMs: null }), fileOf('a', 0, { firstTimestampMs: null })];
  expect(placesOf(files)).toEqual([
    ['a', 0, 0],
    ['b', 1, 320],
  ]);
  expect(planCall(files, 'stereo').firstTimestampMs).toBeNull();
});

it('notes of a gateway that did not know the arrival yet are placed by their timestamps', () => {
  const files = [fileOf('a', 0, { firstArrivalMs: null }), fileOf('b', 3_600_000, { firstArrivalMs: null })];
  expect(placesOf(files)[1]).toEqual(['b', 1, 57_600_000]);
});

it('who changed the rate has one channel, and the call has the higher rate', () => {
  const plan = planCall([fileOf('a', 0), fileOf('a', 1000, { sampleRate: 24_000, samples: 24_000 })], 'multichannel');
  expect(plan.pieces.map(({ channel, at, length }) => [channel, at, length])).toEqual([
    [0, 0, 24_000],
    [0, 24_000, 24_000],
  ]);
  expect([plan.sampleRate, plan.samples, plan.channels.length]).toEqual([24_000, 48_000, 1]);
});

it('a participant whose ring was full continues exactly where the file before ends, whatever its timestamps wander', () => {
  const full = fileOf('a', 0, { ringFrames: ringFramesMax, samples: ringFramesMax * 320 });
  const next = fileOf('a', ringFramesMax * 20 + 7.3);
  expect(placesOf([full, next])[1]).toEqual(['a', 0, ringFramesMax * 320]);
});
