/** Some attacks in a short form; `npm run attack` has all, in full size. */
import { expect, test } from 'vitest';
import { attacks } from './attacks.ts';
import { meet } from './field.ts';

const size = { calls: 5, durationMs: 1500 };

for (const [index, attack] of attacks.entries()) {
  if (!/^(two-byte|pings|8 connections that pipeline GET|300 connections)/.test(attack.name)) continue;
  test(`${attack.name}: no call breaks, and none loses a frame`, async () => {
    const { neighbours } = await meet(attack, index, size);
    expect(neighbours).toMatchObject({ framesLost: 0, callsBroken: 0 });
    expect(neighbours.mainThread).toBeLessThan(0.8);
    expect(neighbours.adminHealthMs).not.toBeNull();
  });
}
