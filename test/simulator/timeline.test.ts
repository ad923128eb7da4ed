import { describe, expect, it } from 'vitest';
import { syntheticAudio } from '../../src/simulator/audio.ts';
import { ParticipantPlan, sendingOrder } from '../../src/simulator/plan.ts';
import { expectedTimeline } from '../../src/simulator/timeline.ts';

const options = { calls: 3, participants: 2, durationMs: 4000, seed: 11, loss: 0.2, silence: 0.2, duplicate: 0.1 };
const impairments = { loss: 0.2, silence: 0.2, duplicate: 0.1, reorder: 0, malformed: 0, jitterMs: 0 };

function frame(pcm: Uint8Array, index: number): string {
  return Buffer.from(pcm.subarray(index * 640, index * 640 + 640)).toString('base64');
}

const zeros = Buffer.alloc(640).toString('base64');

describe('expectedTimeline', () => {
  it('is as long as the call', () => {
    expect(expectedTimeline(options, 0, 0).length).toBe(200 * 640);
  });

  it('has each frame that is sent at its place, and zeros for lost and silent ones', () => {
    const pcm = expectedTimeline(options, 2, 1);
    const plan = new ParticipantPlan(11, 2, 1, 200, impairments);
    const sent = new Set(sendingOrder(plan));
    const { loop, offset } = syntheticAudio(11, 16_000).place(2 * 2 + 1);
    let lost = 0;
    for (let index = 0; index < 200; index++) {
      const sounding = sent.has(index) && !plan.isSilent(index);
      if (!sent.has(index)) lost++;
      const expected = sounding ? Buffer.from(loop.pcm(offset + index)).toString('base64') : zeros;
      expect(frame(pcm, index), `frame ${index}`).toBe(expected);
    }
    expect(lost).toBeGreaterThan(20);
  });

  it('differs between any two participants of a run', () => {
    const all = [0, 1, 2].flatMap((call) => [0, 1].map((who) => expectedTimeline(options, call, who)));
    const starts = new Set(all.map((pcm) => frame(pcm, 0)));
    expect(starts.size).toBe(6);
  });

  it('refuses to tell of a call or a participant that the run does not have', () => {
    expect(() => expectedTimeline(options, 3, 0)).toThrow('the run has no participant 0 in a call 3');
    expect(() => expectedTimeline(options, 0, 2)).toThrow('the run has no participant 2 in a call 0');
  });
});
