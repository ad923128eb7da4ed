import { describe, expect, it } from 'vitest';
import { emptySlot, type Impairments, ParticipantPlan, sendingOrder } from '../../src/simulator/plan.ts';

const none: Impairments = { silence: 0, loss: 0, duplicate: 0, reorder: 0, malformed: 0, jitterMs: 0 };
const frameCount = 20_000;

function plan(impairments: Partial<Impairments>, frames = frameCount, seed = 1): ParticipantPlan {
  return new ParticipantPlan(seed, 2, 3, frames, { ...none, ...impairments });
}

function order(impairments: Partial<Impairments>, frames = frameCount, seed = 1): number[] {
  return sendingOrder(plan(impairments, frames, seed));
}

/** Slots as plain values: the plan writes into one and the same object. */
function slots(impairments: Partial<Impairments>, frames = frameCount) {
  const source = plan(impairments, frames);
  return Array.from({ length: frames }, (_, index) => {
    const slot = emptySlot();
    source.slot(index, slot);
    return slot;
  });
}

describe('ParticipantPlan', () => {
  it('sends every frame once and in order when nothing is impaired', () => {
    expect(order({}, 100)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('is the same for the same seed, and another for another seed, call or participant', () => {
    const all = { loss: 0.1, duplicate: 0.1, reorder: 0.1 };
    expect(order(all)).toEqual(order(all));
    expect(order(all, frameCount, 2)).not.toEqual(order(all));
    for (const [call, participant] of [
      [2, 4],
      [3, 3],
    ] as const) {
      expect(sendingOrder(new ParticipantPlan(1, call, participant, frameCount, { ...none, ...all }))).not.toEqual(
        order(all),
      );
    }
  });

  it('loses the asked share of frames', () => {
    expect(Math.abs(order({ loss: 0.1 }).length / frameCount - 0.9)).toBeLessThan(0.01);
  });

  it('sends the asked share of frames twice in a row', () => {
    const sent = order({ duplicate: 0.1 });
    expect(Math.abs(sent.length / frameCount - 1.1)).toBeLessThan(0.01);
    const twice = sent.filter((frame, i) => i > 0 && frame === sent[i - 1]);
    expect(sent.length - new Set(sent).size).toBe(twice.length);
  });

  it('exchanges the asked share of frames with their neighbour', () => {
    const sent = order({ reorder: 0.1 });
    const late = sent.flatMap((frame, i) => (i > 0 && frame < sent[i - 1]! ? [i] : []));
    // A frame that takes part in an exchange cannot begin another one.
    expect(Math.abs(late.length / frameCount - 0.1 / 1.1)).toBeLessThan(0.01);
    for (const i of late) expect(sent[i]).toBe(sent[i - 1]! - 1);
  });

  it('exchanges only frames that are both sent, and once', () => {
    const sent = order({ loss: 0.3, duplicate: 0.3, reorder: 1 });
    const times = new Map<number, number>();
    for (const frame of sent) times.set(frame, (times.get(frame) ?? 0) + 1);
    const late = sent.filter((frame, i) => i > 0 && frame < sent[i - 1]!);
    expect(late.length).toBeGreaterThan(1000);
    for (const frame of late) expect([times.get(frame), times.get(frame + 1)]).toEqual([1, 1]);
    // Exchanging takes nothing away from losing and doubling.
    expect(Math.abs(times.size / frameCount - 0.7)).toBeLessThan(0.01);
    expect(Math.abs((sent.length - times.size) / frameCount - 0.7 * 0.3)).toBeLessThan(0.01);
  });

  it.each([1, 2, 3, 4, 50])('always sends the first and the last of %i frames once and at their place', (frames) => {
    for (let seed = 0; seed < 40; seed++) {
      for (const impairments of [
        { loss: 1 },
        { duplicate: 1 },
        { reorder: 1 },
        { loss: 0.4, duplicate: 0.4, reorder: 0.9 },
      ]) {
        const sent = order(impairments, frames, seed);
        expect(sent[0]).toBe(0);
        expect(sent.at(-1)).toBe(frames - 1);
        expect(sent.filter((frame) => frame === 0 || frame === frames - 1).length).toBe(frames === 1 ? 1 : 2);
      }
    }
  });

  it('delays slots evenly between nothing and the jitter', () => {
    const delays = slots({ jitterMs: 40 }).map((slot) => slot.delayMs);
    expect(Math.min(...delays)).toBeLessThan(0.1);
    expect(Math.max(...delays)).toBeLessThan(40);
    expect(Math.max(...delays)).toBeGreaterThan(39.9);
    expect(Math.abs(delays.reduce((a, b) => a + b, 0) / frameCount - 20)).toBeLessThan(0.5);
  });

  it('adds the asked share of malformed messages, of every kind, and takes no frame away', () => {
    const all = slots({ malformed: 0.2 });
    const kinds = all.map((slot) => slot.malformed).filter((kind) => kind >= 0);
    expect(Math.abs(kinds.length / frameCount - 0.2)).toBeLessThan(0.01);
    expect([...new Set(kinds)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    expect(all.every((slot) => slot.count === 1)).toBe(true);
  });

  it('draws each impairment by itself: losing more changes nothing about the jitter', () => {
    const delays = (loss: number) => slots({ loss, jitterMs: 20 }, 500).map((slot) => slot.delayMs);
    expect(delays(0.5)).toEqual(delays(0));
  });

  it('is silent for the asked share of the call', () => {
    const source = plan({ silence: 0.25 });
    const silent = Array.from({ length: frameCount }, (_, index) => source.isSilent(index)).filter(Boolean);
    expect(silent.length).toBe(frameCount / 4);
  });
});
