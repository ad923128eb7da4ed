/** How PCM becomes frames: both rates, packets longer and shorter than 20 ms, and silence. */
import { describe, expect, it } from 'vitest';
import { packetBytesMax } from '../../src/base/limits.ts';
import { lane, ring } from '../../src/memory/layout.ts';
import { frameFlag } from '../../src/memory/states.ts';
import { Frame } from '../../src/ring/frame.ts';
import { audio, audioOf, iso, metadata, pcm, startMs } from './messages.ts';
import { DecoderRig, readAll } from './rig.ts';

function rigAt(sampleRate: number): DecoderRig {
  const rig = new DecoderRig();
  rig.feed(metadata({ sampleRate }));
  return rig;
}

function packet(bytes: number, first = 0, more: Record<string, unknown> = {}): string {
  return audio({ data: pcm(bytes, first).toString('base64'), ...more });
}

describe.each([
  [16_000, 640],
  [24_000, 960],
])('at %i Hz', (sampleRate, frameBytes) => {
  it(`makes one whole frame of ${frameBytes} bytes`, () => {
    const rig = rigAt(sampleRate);
    rig.feed(packet(frameBytes));
    rig.feed(packet(frameBytes, 1));
    expect(rig.frames()).toMatchObject([
      { pcm: pcm(frameBytes), flags: 0 },
      // The same timestamp, but other audio: the next frame.
      { pcm: pcm(frameBytes, 1), flags: 0 },
    ]);
    expect(rig.laneCount(lane.pcmBytes)).toBe(2 * frameBytes);
  });

  it.each([2, frameBytes - 2])('flags a frame of %i bytes as partial', (bytes) => {
    const rig = rigAt(sampleRate);
    rig.feed(packet(frameBytes));
    rig.feed(packet(bytes, 7, { timestamp: iso(startMs + 20) }));
    expect(rig.frames()[1]).toMatchObject({ pcm: pcm(bytes, 7), flags: frameFlag.partial, missingBefore: 0 });
  });

  // The first packet of a participant takes another way through the decoder than the following ones.
  it.each([
    ['first', 0],
    ['second', 1],
  ])('splits a packet of 64 KiB into frames without a reader being lapped, as a participant’s %s', (_nth, before) => {
    const rig = rigAt(sampleRate);
    if (before === 1) rig.feed(packet(frameBytes, 9, { timestamp: iso(startMs - 20) }));
    if (before === 0) rig.feed(packet(packetBytesMax, 1));
    const reader = rig.reader(rig.rings()[0]!);
    if (before === 1) {
      reader.read(new Frame());
      rig.feed(packet(packetBytesMax, 1, { timestamp: iso(startMs) }));
    }
    const { frames } = readAll(reader);
    expect(reader.framesLapped).toBe(0);
    expect(Buffer.concat(frames.map((f) => f.pcm))).toEqual(pcm(packetBytesMax, 1));
    expect(frames).toHaveLength(Math.ceil(packetBytesMax / frameBytes));
    frames.forEach((frame, i) => {
      const isLast = i === frames.length - 1;
      expect(frame).toMatchObject({
        sequence: before + i,
        flags: isLast ? frameFlag.partial : 0,
        missingBefore: 0,
        timestampMs: startMs + 20 * i,
        positionSamples: ((before + i) * frameBytes) / 2,
      });
    });
  });

  it('counts a split packet as one message and many frames', () => {
    const rig = rigAt(sampleRate);
    expect(rig.feed(packet(3 * frameBytes + 2))).toBe('committed');
    expect([lane.committed, lane.frames, lane.pcmBytes].map((field) => rig.laneCount(field))).toEqual([
      1,
      4,
      3 * frameBytes + 2,
    ]);
  });

  it('refuses a packet of more than 64 KiB', () => {
    const rig = rigAt(sampleRate);
    expect(rig.feed(packet(packetBytesMax + 2))).toBe('dropped: malformed_audio');
    expect(rig.rings()).toEqual([]);
  });

  it.each([
    ['empty', { data: '', silent: true }],
    ['absent', { silent: true }],
    ['null', { data: null, silent: true }],
  ])('makes one frame of zeros when silent audio has %s data', (_what, payload) => {
    const rig = rigAt(sampleRate);
    // Something else has been in the scratch memory and in the ring before.
    rig.feed(packet(2 * frameBytes, 5));
    const timestamp = iso(startMs + 40);
    expect(rig.feed(audioOf({ timestamp, ...payload }))).toBe('committed');
    expect(rig.frames()[2]).toMatchObject({
      pcm: Buffer.alloc(frameBytes),
      flags: frameFlag.silent,
      timestampMs: startMs + 40,
    });
    expect(rig.laneCount(lane.pcmBytes)).toBe(3 * frameBytes);
  });
});

describe('silence', () => {
  it('keeps the data of a silent message and flags each of its frames', () => {
    const rig = rigAt(16_000);
    rig.feed(packet(1280, 3, { silent: true }));
    expect(rig.frames()).toMatchObject([
      { pcm: pcm(640, 3), flags: frameFlag.silent },
      { pcm: pcm(640, 323), flags: frameFlag.silent },
    ]);
    expect(rig.laneCount(lane.silentFrames)).toBe(2);
    expect(rig.ringCount(rig.rings()[0]!, ring.silentFrames)).toBe(2);
  });

  it.each([undefined, false, null, 'true', 1])('takes %s for "not silent"', (silent) => {
    const rig = rigAt(16_000);
    rig.feed(audioOf({ data: pcm(640).toString('base64'), silent }));
    expect(rig.frames()[0]!.flags).toBe(0);
    expect(rig.laneCount(lane.silentFrames)).toBe(0);
  });

  it('stands on the timeline like any other frame', () => {
    const rig = rigAt(16_000);
    rig.feed(packet(640));
    rig.feed(audioOf({ silent: true, timestamp: iso(startMs + 20) }));
    rig.feed(packet(640, 0, { timestamp: iso(startMs + 40) }));
    expect(rig.frames().map((f) => f.positionSamples)).toEqual([0, 320, 640]);
    expect(rig.laneCount(lane.missingFrames)).toBe(0);
  });
});

describe('bad audio', () => {
  it.each(['AAAA', 'AA==', '!!!!', 'AAA=AAA='])('leaves nothing of %s in the ring', (data) => {
    const rig = rigAt(16_000);
    rig.feed(packet(640, 1));
    expect(rig.feed(audio({ data }))).toBe('dropped: malformed_audio');
    rig.feed(packet(640, 2, { timestamp: iso(startMs + 20) }));
    expect(rig.frames().map((f) => f.pcm)).toEqual([pcm(640, 1), pcm(640, 2)]);
    expect(rig.frames()[1]).toMatchObject({ sequence: 1, missingBefore: 0, flags: 0 });
  });

  it('does not give a participant a ring', () => {
    const rig = rigAt(16_000);
    rig.feed(audio({ participantRawID: 'a', data: '!!!!!!!!' }));
    expect(rig.pool.inUse).toBe(0);
    expect(rig.ids()).toEqual([]);
  });
});
