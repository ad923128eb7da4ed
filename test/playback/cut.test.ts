/** What becomes of a voice that is interrupted: it ends at once, and nothing of it comes later. */
import { describe, expect, it } from 'vitest';
import { refusals } from '../../src/memory/playback-queue.ts';
import { PlaybackWriter } from '../../src/playback/writer.ts';
import { Rig, ramp } from './rig.ts';

const second = 16_000;

describe('a cut', () => {
  it('drops what waits, then silences ACS, in one turn', async () => {
    using rig = new Rig();
    const utterance = rig.writer.begin();
    utterance.write(ramp(10 * second));
    rig.run(1_000);
    rig.writer.clear();
    const frames = rig.acs.frames;
    rig.turn();
    expect([rig.acs.stops, rig.acs.frames - frames, rig.acs.aheadMs]).toEqual([1, 0, 0]);
    rig.run(2_000);
    expect(rig.acs.framesSinceStop).toBe(0);
    expect(utterance.state).toBe('cleared');
    const { playedMs, isCleared } = await utterance.played();
    expect(isCleared).toBe(true);
    // The frame that was interrupted counts in part.
    expect(rig.acs.heard.length / 32 - playedMs).toBeGreaterThanOrEqual(0);
    expect(rig.acs.heard.length / 32 - playedMs).toBeLessThan(20);
    expect(rig.speaker.report).toMatchObject({ written: 500, sent: frames, cleared: 500 - frames, queued: 0 });
  });

  it('refuses and counts what its source still writes', () => {
    using rig = new Rig();
    const utterance = rig.writer.begin();
    utterance.write(ramp(second));
    rig.run(100);
    rig.writer.clear();
    // The model does not know yet.
    expect(utterance.write(ramp(second))).toBe(0);
    rig.run(1_000);
    expect(utterance.write(ramp(second))).toBe(0);
    utterance.end();
    rig.run(1_000);
    expect(rig.acs.framesSinceStop).toBe(0);
    expect(Atomics.load(rig.queue.i32, refusals.cleared)).toBe(2);
    expect(rig.writer.queuedMs).toBe(0);
  });

  it('silences ACS also when all was sent and is not played yet', async () => {
    using rig = new Rig();
    const utterance = rig.writer.begin();
    utterance.write(ramp(3200));
    utterance.end();
    rig.turn();
    expect([rig.acs.frames, rig.writer.queuedMs]).toEqual([10, 0]);
    rig.run(50);
    rig.writer.clear();
    rig.turn();
    expect(rig.acs.stops).toBe(1);
    // Of 200 ms sent the call has heard 50: what waits at ACS is not heard.
    expect(await utterance.played()).toEqual({ playedMs: 50, isCleared: true, underruns: 0 });
  });

  it('says nothing to ACS when there is nothing to silence', () => {
    using rig = new Rig();
    rig.writer.clear();
    rig.turn();
    rig.writer.begin();
    rig.writer.clear();
    rig.turn();
    expect(rig.acs.stops).toBe(0);
  });

  it('cuts off one that has not begun to speak, so that late words of it are refused', async () => {
    using rig = new Rig();
    const utterance = rig.writer.begin();
    rig.writer.clear();
    expect([utterance.state, utterance.write(ramp(second))]).toEqual(['cleared', 0]);
    expect((await utterance.played()).isCleared).toBe(true);
    rig.run(1_000);
    expect(rig.acs.frames).toBe(0);
  });

  it('leaves alone what is said after it', () => {
    using rig = new Rig();
    rig.writer.begin().write(ramp(10 * second));
    rig.run(500);
    rig.writer.clear();
    const answer = rig.writer.begin();
    answer.write(ramp(3200, 7));
    answer.end();
    rig.turn();
    expect([rig.acs.stops, rig.acs.framesSinceStop]).toEqual([1, 10]);
    rig.run(1_000);
    expect(answer.state).toBe('ended');
    expect(rig.ended.map(({ end }) => end)).toEqual(['cleared', 'played']);
  });

  it('catches frames that a writer has published while another thread cut', () => {
    using rig = new Rig();
    const other = new PlaybackWriter(rig.handle);
    const utterance = rig.writer.begin();
    utterance.write(ramp(second));
    rig.run(100);
    other.clear();
    rig.turn();
    // It had looked before, and has not heard of it: as if the copy had been under way.
    rig.queue.head += 5;
    rig.turn();
    rig.run(500);
    const next = rig.writer.begin();
    next.write(ramp(3200, 9));
    next.end();
    rig.run(1_000);
    expect(rig.acs.framesSinceStop).toBe(10);
    expect(rig.unaccounted).toBe(0);
    expect(rig.speaker.report.written).toBe(50 + 5 + 10);
  });

  it('waits for room in the socket, and sends nothing before it', () => {
    using rig = new Rig();
    const utterance = rig.writer.begin();
    utterance.write(ramp(10 * second));
    rig.run(500);
    rig.acs.isBlocked = true;
    rig.run(500);
    // A peer that sends pings and does not read has filled it with answers.
    rig.acs.buffered = rig.acs.limitBytes + 1;
    rig.writer.clear();
    rig.writer.begin().write(ramp(second));
    rig.run(300);
    const { frames } = rig.acs;
    expect(rig.acs.stops).toBe(0);
    rig.acs.unblock();
    rig.speaker.drained();
    expect(rig.acs.stops).toBe(1);
    expect(rig.acs.frames).toBeGreaterThanOrEqual(frames + 10);
    expect(rig.acs.framesSinceStop).toBe(10);
  });
});
