/** Jitter against RFC 3550 taken word by word, through the whole decoder: bit-equal, not nearly. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jitterBoundsMs, residenceBoundsMs } from '../../src/memory/histogram.ts';
import { lane, ring } from '../../src/memory/layout.ts';
import { seeded } from '../support/seed.ts';
import { audio, audioOf, iso, metadata, pcm, startMs } from './messages.ts';
import { referenceJitter } from './reference.ts';
import { DecoderRig } from './rig.ts';

/** J of the stream's nth participant, as every metric and report reads it. */
function jitter(rig: DecoderRig, participant = 0): number {
  return rig.ringCount(rig.rings()[participant]!, ring.jitterMs);
}

function send(rig: DecoderRig, sentMs: number, arrivalMs: number, id = ''): void {
  rig.feed(audio({ timestamp: iso(startMs + sentMs), participantRawID: id }), { arrivalMs });
}

/** Observations in a histogram's buckets, and their sum. */
function histogram(
  rig: DecoderRig,
  field: number,
  bounds: readonly number[] = jitterBoundsMs,
): { count: number; sum: number; buckets: number[] } {
  const buckets = Array.from({ length: bounds.length + 1 }, (_, i) => rig.laneCount(field + 8 * i));
  const sum = rig.laneCount(field + 8 * (bounds.length + 1));
  return { count: buckets.reduce((all, n) => all + n, 0), sum, buckets };
}

describe('jitter', () => {
  it('is what RFC 3550 says, to the last bit, for any arrivals of packets in order', () => {
    // Steps of the sender's clock that make no gap, and of ours as they come: bursts and stalls included.
    const step = fc.record({
      sent: fc.integer({ min: 1, max: 30 }),
      elapsed: fc.oneof(fc.double({ min: 0, max: 60, noNaN: true }), fc.constantFrom(0, 20, 5000.125)),
    });
    const property = fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
      const R = [1000.5];
      const S = [startMs];
      for (const { sent, elapsed } of steps) {
        R.push(R.at(-1)! + elapsed);
        S.push(S.at(-1)! + sent);
      }
      const expected = referenceJitter(R, S);
      const rig = new DecoderRig({ ringCount: 1, streamCount: 1, laneHalfBytes: 4096 });
      const actual = R.map((arrivalMs, i) => {
        rig.feed(audio({ timestamp: iso(S[i]!) }), { arrivalMs });
        return jitter(rig);
      });
      expect(actual).toEqual(expected);
      const index = rig.rings()[0]!;
      expect(rig.ringCount(index, ring.jitterWorstMs)).toBe(Math.max(...expected));
      expect(rig.ringCount(index, ring.jitterCount)).toBe(steps.length);
      expect(rig.ringCount(index, ring.jitterSumMs)).toBe(expected.reduce((sum, j) => sum + j, 0));
    });
    fc.assert(property, seeded({ numRuns: 200 }));
  });

  it('stays 0 when packets arrive exactly as they were sent, whatever the pace', () => {
    const rig = new DecoderRig();
    for (const ms of [0, 20, 45, 60, 81]) send(rig, ms, 500 + ms);
    expect(jitter(rig)).toBe(0);
  });

  it('takes a sixteenth of the first deviation', () => {
    const rig = new DecoderRig();
    send(rig, 0, 100);
    send(rig, 20, 136);
    expect(jitter(rig)).toBe(1);
  });

  it('counts early and late alike', () => {
    const rig = new DecoderRig();
    send(rig, 0, 100);
    send(rig, 20, 104);
    expect(jitter(rig)).toBe(1);
  });

  it('learns nothing from a gap, and continues from there', () => {
    const rig = new DecoderRig();
    send(rig, 0, 100);
    send(rig, 20, 136);
    // Three frames are missing, and this one comes half a second late.
    send(rig, 100, 700);
    expect(jitter(rig)).toBe(1);
    // Compared with the packet after the gap: 20 ms later in both clocks.
    send(rig, 120, 720);
    expect(jitter(rig)).toBe(1 - 1 / 16);
  });

  it('learns nothing from a duplicate or a late packet', () => {
    const rig = new DecoderRig();
    for (const [sent, arrival] of [
      [0, 100],
      [40, 140],
      [40, 190],
      [20, 290],
    ] as const)
      send(rig, sent, arrival);
    expect(jitter(rig)).toBe(0);
    expect(rig.ringCount(rig.rings()[0]!, ring.jitterCount)).toBe(0);
  });

  it('learns nothing from packets without a timestamp', () => {
    const rig = new DecoderRig();
    send(rig, 0, 100);
    rig.feed(audioOf({ data: pcm(640).toString('base64') }), { arrivalMs: 500 });
    send(rig, 40, 900);
    expect(jitter(rig)).toBe(0);
    send(rig, 60, 936);
    expect(jitter(rig)).toBe(1);
  });

  it('is each participant’s own', () => {
    const rig = new DecoderRig();
    send(rig, 0, 100, 'a');
    send(rig, 0, 200, 'b');
    send(rig, 20, 120, 'a');
    send(rig, 20, 236, 'b');
    expect([jitter(rig, 0), jitter(rig, 1)]).toEqual([0, 1]);
  });

  it('is observed at every frame that is committed', () => {
    const rig = new DecoderRig();
    send(rig, 0, 100);
    send(rig, 20, 136);
    send(rig, 100, 700);
    rig.feed(audio({ data: '?' }), { arrivalMs: 800 });
    expect(histogram(rig, lane.jitter)).toMatchObject({ count: 3, sum: 2 });
  });
});

describe('the deviation of the inter-arrival time', () => {
  it('is observed against the duration of the packet, for packets that follow each other', () => {
    const rig = new DecoderRig();
    send(rig, 0, 100);
    send(rig, 20, 123);
    send(rig, 40, 123);
    send(rig, 200, 400);
    const { count, sum, buckets } = histogram(rig, lane.deviation);
    expect([count, sum]).toEqual([2, 3 + 20]);
    expect([buckets[jitterBoundsMs.indexOf(5)], buckets[jitterBoundsMs.indexOf(20)]]).toEqual([1, 1]);
  });

  it.each([
    [16_000, 1280, 40],
    [24_000, 4800, 100],
  ])('knows at %i Hz that %i bytes last %i ms', (sampleRate, bytes, durationMs) => {
    const rig = new DecoderRig();
    rig.feed(metadata({ sampleRate }));
    const data = pcm(bytes).toString('base64');
    for (const n of [0, 1])
      rig.feed(audio({ data, timestamp: iso(startMs + n * durationMs) }), { arrivalMs: n * (durationMs + 7) });
    expect(histogram(rig, lane.deviation).sum).toBe(7);
  });
});

describe('the residence', () => {
  it('is the time from a message’s arrival to its being found, and never negative', () => {
    const rig = new DecoderRig();
    rig.nowMs = 130;
    send(rig, 0, 100);
    send(rig, 20, 150);
    expect(histogram(rig, lane.residence, residenceBoundsMs)).toMatchObject({ count: 2, sum: 30 });
  });

  it('lies in the bucket whose bound it does not exceed', () => {
    const rig = new DecoderRig();
    rig.nowMs = 2000;
    for (const bound of residenceBoundsMs) send(rig, 0, 2000 - bound);
    send(rig, 0, 2000 - 1000.5);
    expect(histogram(rig, lane.residence, residenceBoundsMs).buckets).toEqual(
      Array(residenceBoundsMs.length + 1).fill(1),
    );
  });
});
