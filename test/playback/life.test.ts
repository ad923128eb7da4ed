/** Before the metadata, across sockets, and at the end of a call: what waits, continues, and settles. */
import { describe, expect, it } from 'vitest';
import { ringState } from '../../src/memory/states.ts';
import { PlaybackWriter } from '../../src/playback/writer.ts';
import { placeOf, RingCursor } from '../../src/ring/cursor.ts';
import { Frame } from '../../src/ring/frame.ts';
import { describeRing } from '../../src/stream/ring-report.ts';
import { Acs, bytesOf, Rig, ramp } from './rig.ts';

const second = 16_000;

/** Whether it has settled by the next turn of the loop. */
async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  for (let n = 0; n < 5; n++) await new Promise(setImmediate);
  return settled;
}

describe('before the metadata', () => {
  it('takes nothing, and says when it does', async () => {
    using rig = new Rig({ sampleRate: 0 });
    const utterance = rig.writer.begin();
    expect(utterance.write(ramp(second))).toBe(0);
    const writable = utterance.writable();
    rig.run(1_000);
    expect([rig.acs.frames, await settles(writable)]).toEqual([0, false]);
    rig.sampleRate = 24_000;
    rig.run(100);
    expect(await settles(writable)).toBe(true);
    expect(utterance.write(ramp(24_000))).toBe(24_000);
    utterance.end();
    rig.run(2_000);
    expect(rig.acs.heard.equals(bytesOf(ramp(24_000)))).toBe(true);
    expect(rig.acs.played[0]!.pcm.length).toBe(960);
  });
});

describe('another socket', () => {
  it('continues where the last one broke off, with a clock of its own', () => {
    using rig = new Rig();
    rig.writer.begin().write(ramp(10 * second));
    rig.run(1_000);
    rig.socket = null;
    rig.run(3_000);
    const { sent } = rig.speaker.report;
    const next = new Acs(rig.clock);
    rig.socket = next;
    rig.run(100);
    expect([next.gaps, next.aheadMs > 100, next.aheadMs <= 220]).toEqual([[], true, true]);
    rig.run(12_000);
    expect(sent + next.frames).toBe(500);
    expect(rig.totals.underruns).toBe(0);
  });
});

describe('the end of a call', () => {
  it('settles every promise, and says what was heard', async () => {
    using rig = new Rig();
    const first = rig.writer.begin();
    first.write(ramp(second));
    first.end();
    const second_ = rig.writer.begin();
    second_.write(ramp(30 * second));
    const waiting = [first.played(), second_.played()];
    rig.run(500);
    expect(await settles(Promise.race(waiting))).toBe(false);
    rig.speaker.close('stream_ended');
    await Promise.all(waiting);
    expect(await first.played()).toMatchObject({ isCleared: false });
    expect([first.state, second_.state, second_.write(ramp(10))]).toEqual(['closed', 'closed', 0]);
    expect(rig.memory.blocksHeld).toBe(0);
    expect(rig.unaccounted).toBe(0);
    expect(rig.totals).toMatchObject({ utterances: { played: 0, cleared: 0, discarded: 2 } });
    const late = rig.writer.begin();
    expect([late.state, late.write(ramp(10)), (await late.played()).playedMs]).toEqual(['closed', 0, 0]);
  });

  it('settles utterances of which nothing was ever written, or whose end was never said', async () => {
    using rig = new Rig();
    const silent = rig.writer.begin();
    silent.end();
    expect(await settles(silent.played())).toBe(true);
    const forgotten = rig.writer.begin();
    forgotten.write(ramp(3200));
    rig.run(1_000);
    expect(await settles(forgotten.played())).toBe(false);
    const next = rig.writer.begin();
    next.write(ramp(3200));
    next.end();
    rig.run(1_000);
    expect(await settles(forgotten.played())).toBe(true);
    expect(await settles(next.played())).toBe(true);
    expect(await forgotten.played()).toEqual({ playedMs: 200, isCleared: false, underruns: 0 });
  });

  it('plays the last word whole, however short', async () => {
    using rig = new Rig();
    const goodbye = rig.writer.begin();
    goodbye.write(ramp(second + 1));
    rig.run(2_000);
    goodbye.end();
    rig.run(200);
    expect(await settles(goodbye.played())).toBe(true);
    expect(rig.acs.heard.subarray(0, 2 * (second + 1)).equals(bytesOf(ramp(second + 1)))).toBe(true);
  });

  it('is followed by what another writer says, if its own is dead', async () => {
    using rig = new Rig();
    rig.writer.begin().write(ramp(3200));
    const next = new PlaybackWriter(rig.handle).begin();
    next.write(ramp(3200, 9));
    next.end();
    rig.run(1_000);
    expect(await settles(next.played())).toBe(true);
    expect(rig.ended.map(({ end, sentMs }) => [end, sentMs])).toEqual([
      ['played', 200],
      ['played', 200],
    ]);
  });

  it('takes nothing with it of what another writer says after a cut, however late that is noticed', async () => {
    using rig = new Rig();
    rig.writer.begin().write(ramp(second));
    rig.run(100);
    const other = new PlaybackWriter(rig.handle);
    other.clear();
    other.begin().end();
    const next = other.begin();
    next.write(ramp(3200, 9));
    next.end();
    rig.turn();
    expect([rig.acs.stops, rig.acs.framesSinceStop]).toEqual([1, 10]);
    rig.run(1_000);
    expect(await next.played()).toEqual({ playedMs: 200, isCleared: false, underruns: 0 });
    expect(rig.unaccounted).toBe(0);
  });

  it('takes more utterances than have a place, one after the other', async () => {
    using rig = new Rig();
    const words = Array.from({ length: 200 }, () => {
      const word = rig.writer.begin();
      const taken = word.write(ramp(320));
      word.end();
      return { word, taken };
    });
    expect(words.filter(({ taken }) => taken > 0).length).toBe(8);
    rig.run(2_000);
    for (const { word } of words) expect(await settles(word.played())).toBe(true);
    const last = rig.writer.begin();
    expect(last.write(ramp(320))).toBe(320);
    last.end();
    rig.run(500);
    expect(last.state).toBe('ended');
    expect((await last.played()).playedMs).toBe(20);
    expect(rig.acs.frames).toBe(9);
  });

  it('is that of the queue when the sample rate changes', () => {
    using rig = new Rig();
    const utterance = rig.writer.begin();
    utterance.write(ramp(second));
    rig.run(100);
    rig.sampleRate = 24_000;
    rig.run(100);
    expect([utterance.state, rig.speaker.isOpen, rig.totals.discarded.format > 0]).toEqual(['closed', false, true]);
    expect(rig.unaccounted).toBe(0);
  });
});

describe('what was sent', () => {
  it('stands in a ring, where the call heard it', () => {
    using rig = new Rig();
    const speak = (ms: number) => {
      const utterance = rig.writer.begin();
      utterance.write(ramp(16 * ms));
      utterance.end();
      rig.run(ms + 1_000);
    };
    speak(400);
    speak(400);
    const [ring] = rig.trackRings;
    const { id, frames, sampleRate, handle } = describeRing(rig.rings, ring!);
    expect([id, frames, sampleRate]).toEqual(['playback', 40, 16_000]);
    const cursor = new RingCursor(placeOf(rig.rings, handle));
    const frame = new Frame();
    const starts: number[] = [];
    while (cursor.read(frame) === 'frame') starts.push(frame.positionSamples / 16);
    expect(starts.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, i) => 20 * i));
    const heardMs = rig.acs.played.map(({ atMs }) => atMs - rig.acs.played[0]!.atMs);
    expect(starts).toEqual(heardMs);
    rig.speaker.close('stream_ended');
    expect(describeRing(rig.rings, ring!).state).toBe(ringState.ended);
    expect(rig.pool.inUse).toBe(1);
    rig.speaker.release();
    expect(rig.pool.inUse).toBe(0);
  });
});
