/** A peer that does not read: it holds little, it can be silenced, and nothing grows behind it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Rig, ramp } from './rig.ts';

const second = 16_000;

/** As another thread sees it. */
function playedMsOf(rig: Rig): number {
  return rig.queue.playedMs(rig.nowMs);
}

describe('a peer that does not read', () => {
  it('is sent nothing more, and the queue answers its writer', () => {
    using rig = new Rig({ seconds: 5 });
    const utterance = rig.writer.begin();
    rig.acs.isBlocked = true;
    let taken = 0;
    for (let n = 0; n < 100; n++) {
      taken += utterance.write(ramp(second));
      rig.run(100);
    }
    expect(rig.acs.buffered).toBeLessThanOrEqual(rig.acs.limitBytes);
    expect(taken).toBeLessThanOrEqual(6 * second);
    expect(rig.writer.queuedMs).toBe(5_000);
    expect(rig.memory.blocksHeld).toBeLessThanOrEqual(13);
    expect([rig.totals.stalls, rig.speaker.isStalled]).toEqual([1, true]);
    rig.writer.clear();
    rig.turn();
    // There was room for the one message that matters.
    rig.acs.unblock();
    expect([rig.acs.stops, rig.speaker.isStalled]).toEqual([1, false]);
    expect(rig.unaccounted).toBe(0);
  });

  it('is noticed by its pongs where the kernel takes everything, once it has answered one', () => {
    using rig = new Rig();
    rig.writer.begin().write(ramp(20 * second));
    rig.run(300);
    rig.speaker.ponged();
    rig.run(4_000);
    const { frames } = rig.acs;
    expect(rig.totals.stalls).toBe(1);
    expect(frames).toBeLessThan(130);
    rig.run(2_000);
    expect(rig.acs.frames).toBe(frames);
    rig.speaker.ponged();
    rig.run(200);
    expect(rig.acs.frames).toBeGreaterThan(frames);
    expect(rig.totals.pong.sum).toBeGreaterThan(5_000);
  });

  it('is not judged by pongs that it never sends', () => {
    using rig = new Rig();
    rig.writer.begin().write(ramp(20 * second));
    rig.run(10_000);
    expect([rig.totals.stalls, rig.acs.pings]).toEqual([0, 1]);
    expect(rig.acs.gaps).toEqual([]);
  });

  it('continues with an answer where it stood', () => {
    using rig = new Rig();
    rig.writer.begin().write(ramp(10 * second));
    rig.run(1_000);
    rig.acs.isBlocked = true;
    rig.run(5_000);
    rig.acs.unblock();
    rig.speaker.drained();
    rig.run(11_000);
    expect(rig.acs.frames).toBe(500);
    expect(rig.speaker.report.discarded).toBe(0);
  });

  it('has not heard what waits in the socket, however long that is', async () => {
    using rig = new Rig();
    const utterance = rig.writer.begin();
    utterance.write(ramp(second));
    utterance.end();
    rig.run(300);
    rig.acs.isBlocked = true;
    let over = false;
    void utterance.played().then(() => {
      over = true;
    });
    for (let n = 0; n < 300; n++) {
      rig.run(10);
      expect(playedMsOf(rig)).toBeLessThanOrEqual(rig.acs.heard.length / 32);
    }
    await sleep(5);
    expect(over).toBe(false);
    rig.acs.unblock();
    rig.speaker.drained();
    rig.run(1_100);
    expect(await utterance.played()).toEqual({ playedMs: 1_000, isCleared: false, underruns: 1 });
    expect([rig.acs.heard.length / 32, playedMsOf(rig)]).toEqual([1_000, 1_000]);
  });

  it('is not told to have heard it when it is silenced meanwhile', async () => {
    using rig = new Rig();
    const utterance = rig.writer.begin();
    utterance.write(ramp(second));
    rig.run(300);
    rig.acs.isBlocked = true;
    rig.run(3_000);
    rig.writer.clear();
    rig.turn();
    const { playedMs, isCleared } = await utterance.played();
    expect(isCleared).toBe(true);
    expect(playedMs).toBeLessThanOrEqual(rig.acs.heard.length / 32);
    expect(playedMs).toBeGreaterThan(300);
    expect(playedMsOf(rig)).toBe(playedMs);
    expect(rig.unaccounted).toBe(0);
  });

  it('that stands still, as its pongs say, hears no more of what it was sent', () => {
    using rig = new Rig();
    const utterance = rig.writer.begin();
    utterance.write(ramp(20 * second));
    rig.run(300);
    rig.speaker.ponged();
    rig.run(4_000);
    const playedMs = playedMsOf(rig);
    rig.run(60_000);
    expect(Math.abs(playedMsOf(rig) - playedMs)).toBeLessThanOrEqual(60);
  });

  it('makes no permanent delay of a backlog of live audio', () => {
    using rig = new Rig();
    const utterance = rig.writer.begin({ isLive: true });
    const live = (ms: number) => {
      for (let n = 0; n < ms / 20; n++) {
        utterance.write(ramp(320));
        rig.run(20);
      }
    };
    live(1_000);
    rig.acs.isBlocked = true;
    live(5_000);
    rig.acs.unblock();
    rig.speaker.drained();
    live(1_000);
    expect(rig.acs.stops).toBe(1);
    expect(rig.acs.aheadMs + rig.writer.queuedMs).toBeLessThan(300);
    expect(rig.totals.discarded.stalled).toBeGreaterThan(200);
    expect(rig.unaccounted).toBe(0);
  });
});

describe('memory', () => {
  it('that is spent is an answer to the writer, and comes back', () => {
    using rig = new Rig({ memoryBytes: 4 * 15_360 });
    const utterance = rig.writer.begin();
    expect(utterance.write(ramp(10 * second))).toBe(4 * 24 * 320);
    expect(utterance.write(ramp(100))).toBe(0);
    rig.run(1_000);
    expect(utterance.write(ramp(10 * second))).toBeGreaterThan(24 * 320);
    rig.speaker.close('stream_ended');
    expect(rig.memory.blocksHeld).toBe(0);
    expect(rig.unaccounted).toBe(0);
  });

  it('that other calls have is waited for, without a spin', async () => {
    using rich = new Rig({ memoryBytes: 3 * 15_360 });
    using poor = new Rig({ memory: rich.memory, number: 8 });
    rich.writer.begin().write(ramp(10 * second));
    const utterance = poor.writer.begin();
    expect(utterance.write(ramp(second))).toBe(0);
    let looks = 0;
    const writable = utterance.writable().then(() => looks++);
    await sleep(300);
    expect(looks).toBe(0);
    rich.run(1_500);
    await writable;
    expect(utterance.write(ramp(100))).toBe(100);
  });

  it('of an answer of 3 s is 120 KB at the most', () => {
    using rig = new Rig();
    for (let n = 0; n < 20; n++) {
      const utterance = rig.writer.begin();
      utterance.write(ramp(3 * second));
      utterance.end();
      expect(rig.memory.blocksHeld * 15_360).toBeLessThanOrEqual(120 * 1024);
      rig.run(3_300);
    }
    expect(rig.acs.frames).toBe(20 * 150);
  });
});
