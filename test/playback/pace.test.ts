/** How audio is paced: what others get wrong with timers, stalls and backlogs. */
import { describe, expect, it } from 'vitest';
import { bytesOf, Rig, ramp } from './rig.ts';

const second = 16_000;

describe('the pace', () => {
  it('is that of the clock, though every visit comes late', () => {
    using rig = new Rig({ seconds: 60 });
    const utterance = rig.writer.begin();
    utterance.write(ramp(40 * second));
    // A timer that is late by a third of its time, as on a busy machine: relative ones would be 13 s behind.
    rig.run(30_000, 27);
    expect(rig.acs.frames).toBeGreaterThanOrEqual(1500 + 5);
    expect(rig.acs.frames).toBeLessThanOrEqual(1500 + 11);
    expect(rig.acs.gaps).toEqual([]);
    expect(rig.totals.underruns).toBe(0);
  });

  it('brings every sample, in order, once', () => {
    using rig = new Rig();
    const samples = ramp(3 * second);
    const utterance = rig.writer.begin();
    for (let at = 0; at < samples.length; at += 700) utterance.write(samples.subarray(at, at + 700));
    utterance.end();
    rig.run(4_000);
    expect(rig.acs.heard.equals(bytesOf(samples))).toBe(true);
    expect(rig.speaker.report).toMatchObject({ written: 150, sent: 150, queued: 0 });
  });

  it('sends three frames at a time', () => {
    using rig = new Rig();
    rig.writer.begin().write(ramp(20 * second));
    rig.run(10_000);
    expect(rig.acs.frames / rig.acs.corks).toBeGreaterThan(2.8);
    expect(rig.acs.frames / rig.acs.messages).toBeGreaterThan(2.5);
  });

  it('begins at once', () => {
    using rig = new Rig();
    rig.writer.begin().write(ramp(second));
    rig.turn();
    expect(rig.acs.frames).toBe(10);
  });

  it('waits for 60 ms of an answer that comes bit by bit, or for its end', () => {
    using rig = new Rig();
    const utterance = rig.writer.begin();
    utterance.write(ramp(640));
    rig.run(500);
    expect(rig.acs.frames).toBe(0);
    utterance.write(ramp(320));
    rig.turn();
    expect(rig.acs.frames).toBe(3);
    rig.run(500);
    const short = rig.writer.begin();
    short.write(ramp(100));
    short.end();
    rig.turn();
    expect(rig.acs.frames).toBe(4);
    expect(
      rig.acs.played
        .at(-1)!
        .pcm.subarray(200)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  it('lets nobody hear a stall that is shorter than the lead less a visit', () => {
    using rig = new Rig();
    rig.writer.begin().write(ramp(20 * second));
    for (let n = 0; n < 20; n++) {
      rig.run(300 + 7 * n);
      rig.stall(130);
    }
    expect(rig.acs.gaps).toEqual([]);
    expect(rig.totals.underruns).toBe(0);
  });

  it('counts what a relay says late as a gap, and a pause of its source as none', () => {
    using rig = new Rig();
    const relay = rig.writer.begin({ isLive: true });
    const say = (pauseMs: number) => {
      relay.write(ramp(second / 10));
      rig.run(100 + pauseMs);
    };
    say(300);
    expect(rig.totals.underruns).toBe(0);
    say(1_500);
    expect(rig.totals.underruns).toBe(1);
    say(60_000);
    say(0);
    expect([rig.totals.underruns, rig.totals.underrunMs]).toEqual([1, expect.closeTo(300, -2)]);
    expect(rig.acs.gaps).toHaveLength(3);
  });

  it('counts a longer one once, with what was heard of it, and does not hurry afterwards', () => {
    using rig = new Rig();
    rig.writer.begin().write(ramp(20 * second));
    rig.run(1_000);
    rig.stall(1_000);
    expect(rig.acs.gaps.length).toBe(1);
    expect(rig.totals.underruns).toBe(1);
    expect(rig.totals.underrunMs).toBeCloseTo(rig.acs.gaps[0]!, 3);
    expect(rig.acs.aheadMs).toBeLessThanOrEqual(220);
    rig.run(3_000);
    expect(rig.acs.aheadMs).toBeLessThanOrEqual(220);
    expect(rig.acs.gaps.length).toBe(1);
  });

  it('counts no pause between two utterances, nor the end of one that ends late', () => {
    using rig = new Rig();
    const first = rig.writer.begin();
    first.write(ramp(second));
    rig.run(3_000);
    first.end();
    rig.run(1_000);
    const second_ = rig.writer.begin();
    second_.write(ramp(second));
    second_.end();
    rig.run(2_000);
    expect(rig.totals.underruns).toBe(0);
    expect(rig.totals.utterances).toEqual({ played: 2, cleared: 0, discarded: 0 });
  });

  it('follows a source that speaks live, and takes audio on as it comes', () => {
    using rig = new Rig();
    const utterance = rig.writer.begin();
    let written = 0;
    for (let n = 0; n < 500; n++) {
      // Up to 30 ms late, now and then.
      rig.run(20);
      if (n % 10 === 5) continue;
      for (const frames = n % 10 === 6 ? 2 : 1, end = written + frames; written < end; written++) {
        utterance.write(ramp(320, written * 320));
      }
    }
    expect(rig.acs.gaps).toEqual([]);
    expect(rig.acs.aheadMs).toBeLessThan(120);
  });

  it('plays utterances back to back', () => {
    using rig = new Rig();
    const words = [ramp(3200), ramp(1600, 5000), ramp(640, 9000)];
    for (const word of words) {
      const utterance = rig.writer.begin();
      utterance.write(word);
      utterance.end();
    }
    rig.run(1_000);
    expect(rig.acs.gaps).toEqual([]);
    expect(rig.acs.heard.equals(Buffer.concat(words.map(bytesOf)))).toBe(true);
  });

  it('costs nothing while nobody speaks', () => {
    using rig = new Rig();
    const utterance = rig.writer.begin();
    utterance.write(ramp(second));
    utterance.end();
    rig.run(2_000);
    const { counts } = rig.totals.lateness;
    const visits = counts.reduce((sum, count) => sum + count, 0);
    rig.run(10_000);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(visits);
    expect(rig.queue.isArmed).toBe(false);
  });
});
