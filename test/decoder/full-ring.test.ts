/** A ring whose sequence numbers are used up: the participant continues in another one, and nothing of it tells. */
import { describe, expect, it } from 'vitest';
import { ringFramesMax } from '../../src/base/limits.ts';
import { lane, ring, streamSlot } from '../../src/memory/layout.ts';
import { frameFlag, ringState } from '../../src/memory/states.ts';
import { audio, iso, metadata, pcm, startMs } from './messages.ts';
import { DecoderRig, readAll, type SeenFrame } from './rig.ts';

/** Feeds frame n of a participant, which arrives a little early or late; says what it counted as. */
function feed(rig: DecoderRig, n: number, id = 'a') {
  const data = pcm(640, n).toString('base64');
  const arrivalMs = 1000 + 20 * n + (n % 3);
  return rig.feed(audio({ participantRawID: id, timestamp: iso(startMs + 20 * n), data }), { arrivalMs });
}

/** Participant `a` with frames 0 to 9, and then as many as leave room for `left` in its ring. */
function nearlyFull(left: number, options: ConstructorParameters<typeof DecoderRig>[0] = {}): DecoderRig {
  const rig = new DecoderRig(options);
  for (let n = 0; n < 10; n++) feed(rig, n);
  rig.setRingWord(rig.rings()[0]!, ring.head, ringFramesMax - left);
  return rig;
}

function newest(rig: DecoderRig, index: number, count: number): SeenFrame[] {
  const reader = rig.reader(index);
  reader.resume(rig.ringWord(index, ring.head) - count, 0);
  return readAll(reader).frames;
}

const jitterFields = [ring.jitterMs, ring.referenceArrivalMs, ring.referenceTimestampMs, ring.newestTimestampMs];

describe('a full ring', () => {
  it('ends behind its last frame, and the next one stands first in another, with no gap and the same jitter', () => {
    const rig = nearlyFull(2);
    const control = new DecoderRig();
    for (let n = 0; n < 14; n++) feed(control, n);
    const [full] = rig.rings() as [number];
    for (let n = 10; n < 14; n++) expect(feed(rig, n)).toBe('committed');
    expect(rig.rings()).toHaveLength(1);
    const [next] = rig.rings() as [number];
    expect([rig.ringWord(full, ring.state), rig.ringWord(full, ring.head)]).toEqual([ringState.ended, ringFramesMax]);
    expect(newest(rig, full, 2).map((f) => f.pcm)).toEqual([pcm(640, 10), pcm(640, 11)]);
    expect(rig.ids()).toEqual(['a']);
    expect(rig.frames()).toMatchObject([
      { sequence: 0, pcm: pcm(640, 12), flags: 0, missingBefore: 0, positionSamples: 0 },
      { sequence: 1, pcm: pcm(640, 13), flags: 0, missingBefore: 0, positionSamples: 320 },
    ]);
    const [ofControl] = control.rings() as [number];
    for (const field of jitterFields) expect(rig.ringCount(next, field)).toBe(control.ringCount(ofControl, field));
    for (const field of [lane.missingFrames, lane.gaps, lane.pauses, lane.clockSteps]) {
      expect(rig.laneCount(field)).toBe(0);
    }
  });

  it('leaves what is lost, late and repeated across the border what it is', () => {
    const rig = nearlyFull(1);
    feed(rig, 10);
    feed(rig, 13);
    feed(rig, 10);
    feed(rig, 12);
    expect(
      rig.frames().map(({ flags, missingBefore, positionSamples }) => [flags, missingBefore, positionSamples]),
    ).toEqual([
      [0, 2, 640],
      [frameFlag.duplicate, 0, -320],
      [frameFlag.late, 0, 320],
    ]);
    expect([lane.missingFrames, lane.duplicateFrames, lane.outOfOrderFrames].map((f) => rig.laneCount(f))).toEqual([
      2, 1, 1,
    ]);
  });

  it('is never told from a clock that was set: what may lie ahead is measured from the same beginning', () => {
    const rig = nearlyFull(0);
    const [full] = rig.rings() as [number];
    // 248 days are behind it.
    const at = (rig.memory.ringOffset(full) + ring.newestPositionSamples) / 8;
    rig.memory.slabOf(full).f64[at] = ringFramesMax * 320;
    const since = (rig.memory.ringOffset(full) + ring.firstArrivalMs) / 8;
    rig.memory.slabOf(full).f64[since]! -= ringFramesMax * 20;
    const origin = (rig.memory.ringOffset(full) + ring.originMs) / 8;
    rig.memory.slabOf(full).f64[origin]! -= (ringFramesMax - 9) * 20;
    feed(rig, 10 + 100);
    expect(rig.frames()).toMatchObject([{ missingBefore: 0, flags: frameFlag.resumed, positionSamples: 100 * 320 }]);
    expect(rig.laneCount(lane.clockSteps)).toBe(0);
    expect(rig.laneCount(lane.pauses)).toBe(1);
  });

  it('takes a packet of many frames whole, and only then is full', () => {
    const rig = nearlyFull(1);
    const [full] = rig.rings() as [number];
    const long = { participantRawID: 'a', timestamp: iso(startMs + 200), data: pcm(64_000, 1).toString('base64') };
    expect(rig.feed(audio(long))).toBe('committed');
    expect(rig.ringWord(full, ring.head)).toBe(ringFramesMax + 99);
    expect(feed(rig, 110)).toBe('committed');
    expect(rig.frames()).toMatchObject([{ sequence: 0, missingBefore: 0, flags: 0 }]);
  });

  it('costs no participant, however often it happens', () => {
    const rig = nearlyFull(0, { participantsMax: 2 });
    feed(rig, 0, 'b');
    for (let n = 10; n < 20; n++) {
      expect(feed(rig, n)).toBe('committed');
      rig.setRingWord(rig.rings()[0]!, ring.head, ringFramesMax);
    }
    expect(rig.ids()).toEqual(['a', 'b']);
    expect(feed(rig, 0, 'c')).toBe('dropped: participant_limit');
    expect(rig.streamWord(streamSlot.participantCount)).toBe(2);
  });

  it('stays the participant’s while no other can be had: its frames are dropped, and the next one tries again', () => {
    const rig = nearlyFull(0, { ringCount: 2 });
    const [full] = rig.rings() as [number];
    feed(rig, 0, 'b');
    expect(feed(rig, 10)).toBe('dropped: ring_memory');
    expect(feed(rig, 11)).toBe('dropped: ring_memory');
    expect([rig.rings()[0], rig.ringWord(full, ring.state)]).toEqual([full, ringState.live]);
    rig.pool.release(rig.rings()[1]!);
    expect(feed(rig, 12)).toBe('committed');
    expect(rig.frames()).toMatchObject([{ missingBefore: 2, positionSamples: 640 }]);
  });

  it('ends with the others when the rate changes, or the stream', () => {
    const rig = nearlyFull(0);
    rig.feed(metadata({ sampleRate: 24_000 }));
    expect(rig.ringWord(rig.rings()[0]!, ring.state)).toBe(ringState.ended);
    rig.close();
    rig.release();
    expect(rig.pool.inUse).toBe(0);
  });

  it('touches no other ring, as one did that was not ended', () => {
    const rig = new DecoderRig({ ringCount: 8 });
    for (const id of ['x', 'a', 'y']) for (let n = 0; n < 3; n++) feed(rig, n, id);
    const before = [0, 2].map((i) => rig.frames(i));
    rig.setRingWord(rig.rings()[1]!, ring.head, 2 ** 31 - 1);
    for (let n = 3; n < 10; n++) expect(feed(rig, n)).toBe('committed');
    expect([0, 2].map((i) => rig.frames(i))).toEqual(before);
    expect(rig.frames(1)).toHaveLength(7);
  });
});
