/** How the verdict of the timeline reaches the frames and the counters. */
import { describe, expect, it } from 'vitest';
import { lane, ring, streamSlot } from '../../src/memory/layout.ts';
import { frameFlag } from '../../src/memory/states.ts';
import { audio, iso, startMs } from './messages.ts';
import { DecoderRig } from './rig.ts';

const { duplicate, late, resumed } = frameFlag;

describe('the decoder', () => {
  it('puts the verdict into the frames, the participant’s counters and the lane’s', () => {
    const rig = new DecoderRig();
    // In order, a gap of two, late, again, in order.
    for (const ms of [0, 60, 20, 20, 80]) rig.feed(audio({ participantRawID: 'a', timestamp: iso(startMs + ms) }));
    expect(rig.frames().map((f) => [f.flags, f.missingBefore, f.positionSamples, f.timestampMs - startMs])).toEqual([
      [0, 0, 0, 0],
      [0, 2, 960, 60],
      [late, 0, 320, 20],
      [duplicate, 0, 320, 20],
      [0, 0, 1280, 80],
    ]);
    const [index] = rig.rings();
    const fields = ['missingFrames', 'gaps', 'duplicateFrames', 'outOfOrderFrames'] as const;
    expect(fields.map((field) => rig.ringCount(index!, ring[field]))).toEqual([2, 1, 1, 1]);
    expect(fields.map((field) => rig.laneCount(lane[field]))).toEqual([2, 1, 1, 1]);
  });

  it('flags a pause on the first frame of a packet only, and a duplicate on each', () => {
    const rig = new DecoderRig();
    const long = { data: Buffer.alloc(1280).toString('base64'), participantRawID: 'a' };
    for (const ms of [0, 5000, 5000]) rig.feed(audio({ ...long, timestamp: iso(startMs + ms) }));
    expect(rig.frames().map((f) => f.flags)).toEqual([0, 0, resumed, 0, duplicate, duplicate]);
    expect(rig.laneCount(lane.duplicateFrames)).toBe(2);
  });

  it('says before the first frame of a packet only what was missing', () => {
    const rig = new DecoderRig();
    const long = { data: Buffer.alloc(1280).toString('base64') };
    for (const ms of [0, 80]) rig.feed(audio({ ...long, timestamp: iso(startMs + ms) }));
    expect(rig.frames().map((f) => f.missingBefore)).toEqual([0, 0, 2, 0]);
    expect(rig.laneCount(lane.missingFrames)).toBe(2);
  });

  it('keeps in mind when the last audio came, of each participant and of the stream', () => {
    const rig = new DecoderRig();
    for (const [id, arrivalMs] of [
      ['a', 5.5],
      ['b', 7.5],
      ['a', 9.5],
    ] as const)
      rig.feed(audio({ participantRawID: id }), { arrivalMs });
    rig.feed(audio({ participantRawID: 'b', data: '?' }), { arrivalMs: 11.5 });
    expect(rig.rings().map((index) => rig.ringCount(index, ring.referenceArrivalMs))).toEqual([9.5, 7.5]);
    expect(rig.streamCount(streamSlot.lastAudioMs)).toBe(9.5);
  });

  it('keeps in mind a participant’s first timestamp', () => {
    const rig = new DecoderRig();
    for (const ms of [40, 60, 20]) rig.feed(audio({ timestamp: iso(startMs + ms) }));
    expect(rig.ringCount(rig.rings()[0]!, ring.firstTimestampMs)).toBe(startMs + 40);
  });

  it.each(['', 'yesterday', null, 1731698172925])('keeps a frame whose timestamp is %j, without one', (timestamp) => {
    const rig = new DecoderRig();
    rig.feed(audio());
    expect(rig.feed(audio({ timestamp }))).toBe('committed');
    expect(rig.frames()[1]).toMatchObject({ timestampMs: Number.NaN, positionSamples: 320, flags: 0 });
  });

  it('places one participant’s frames without regard to another’s', () => {
    const rig = new DecoderRig();
    for (const [id, ms] of [
      ['a', 0],
      ['b', 0],
      ['a', 20],
      ['b', 20],
      ['a', 20],
    ] as const) {
      rig.feed(audio({ participantRawID: id, timestamp: iso(startMs + ms) }));
    }
    expect([0, 1].map((n) => rig.frames(n).map((f) => f.flags))).toEqual([
      [0, 0, duplicate],
      [0, 0],
    ]);
  });

  it.each(['', 'a'])('does not let timestamps run ahead of our own clock by more than two minutes (id %j)', (id) => {
    const rig = new DecoderRig();
    // Each jumps by 100 s, and comes 20 ms after the one before.
    for (let n = 0; n < 50; n++) {
      rig.feed(audio({ participantRawID: id, timestamp: iso(startMs + n * 100_000) }), { arrivalMs: 1000 + n * 20 });
    }
    const positionsMs = rig.frames().map((frame) => frame.positionSamples / 16);
    expect(Math.max(...positionsMs)).toBeLessThan(121_000 + 50 * 20);
    // One jump fits; the others are taken for a clock that was set.
    expect(rig.laneCount(lane.clockSteps)).toBe(48);
    expect(rig.laneCount(lane.missingFrames)).toBe(id === '' ? 4999 : 0);
  });

  it('takes a long hole for one when our own clock has gone on as well', () => {
    const rig = new DecoderRig();
    for (let n = 0; n < 10; n++) {
      rig.feed(audio({ timestamp: iso(startMs + n * 100_000) }), { arrivalMs: 1000 + n * 100_000 });
    }
    expect(rig.laneCount(lane.missingFrames)).toBe(9 * 4999);
    expect(rig.laneCount(lane.clockSteps)).toBe(0);
  });
});
