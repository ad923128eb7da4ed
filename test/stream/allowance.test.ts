/** What one stream may send: bursts after a stall, and where a flood begins. */
import { describe, expect, it } from 'vitest';
import { Allowance } from '../../src/stream/allowance.ts';

const perSecond = 1600;

function taken(allowance: Allowance, count: number, bytes: number, nowMs: number): number {
  let sum = 0;
  for (let n = 0; n < count; n++) if (allowance.take(bytes, nowMs)) sum++;
  return sum;
}

describe('an allowance', () => {
  it('lets 16 participants catch up with ten seconds at once', () => {
    const allowance = new Allowance(perSecond, 0, 0);
    expect(taken(allowance, 16 * 500, 1100, 0)).toBe(16 * 500);
    expect(allowance.isFlood).toBe(false);
  });

  it('lets packets of 64 KiB catch up with ten seconds at once', () => {
    const allowance = new Allowance(perSecond, 0, 0);
    const packetsOfTenSeconds = Math.ceil((10 * 32_000) / 65_536);
    expect(taken(allowance, 16 * packetsOfTenSeconds, 88_000, 0)).toBe(16 * packetsOfTenSeconds);
  });

  it('charges at least one for a message: empty ones are not free', () => {
    const allowance = new Allowance(perSecond, 0, 0);
    expect(taken(allowance, 20_000, 0, 0)).toBe(10 * perSecond);
  });

  it('grows by a tenth of a second at a time, up to ten seconds', () => {
    const allowance = new Allowance(perSecond, 0, 0);
    taken(allowance, 16_000, 1100, 0);
    expect(taken(allowance, 1000, 1100, 99)).toBe(0);
    expect(taken(allowance, 1000, 1100, 100)).toBe(160);
    expect(taken(allowance, 100_000, 1100, 1_000_000)).toBe(16_000);
  });

  it('is a flood when so much is dropped that dropping it costs the others', () => {
    const allowance = new Allowance(perSecond, 0, 0);
    taken(allowance, 16_000 + 5000, 2, 0);
    expect(allowance.isFlood).toBe(false);
    taken(allowance, 1, 2, 0);
    expect(allowance.isFlood).toBe(true);
  });

  it('forgets what was dropped long ago', () => {
    const allowance = new Allowance(50, 0, 0);
    taken(allowance, 500 + 4000, 2, 0);
    taken(allowance, 500 + 2000, 2, 100_000);
    expect(allowance.isFlood).toBe(false);
  });

  it('owes what was sent in advance, and nothing once that was paid back', () => {
    const allowance = new Allowance(perSecond, 0, 0);
    taken(allowance, 8000, 1100, 0);
    expect(allowance.owed).toBe(7980);
    taken(allowance, 21, 1100, 5000);
    expect(allowance.owed).toBe(1);
    // A call that hangs up with the messages of a moment under way.
    const paced = new Allowance(perSecond, 0, 0);
    taken(paced, 20, 1100, 0);
    expect(paced.owed).toBe(0);
  });

  it('is smaller, and less patient, where the address owes', () => {
    const allowance = new Allowance(perSecond, 15_900, 0);
    expect(allowance.isOfDebtor).toBe(true);
    expect(taken(allowance, 1000, 1100, 0)).toBe(200);
    expect(allowance.isFlood).toBe(true);
  });
});
