/** The smallest example that speaks, as a user runs it, and that it stays small. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { judgingTimes } from '../support/starvation.ts';
import { ExampleProcess } from './example-process.ts';

it(
  'says to each call what it says, a second later, without a gap',
  judgingTimes(async () => {
    const example = await ExampleProcess.start('echo', '0', '0');
    const { heard, calls } = await example.simulate('--calls', '5', '--participants', '0', '--duration', '5s');
    expect(await example.interrupt()).toBe(0);
    expect([calls.completed, heard.broken.notJson, heard.broken.badBase64, heard.otherRateMessages]).toEqual([
      5, 0, 0, 0,
    ]);
    expect(heard.stopAudios).toBe(0);
    expect(heard.underruns.count).toBe(0);
    // All that was said but what was under way when the call was hung up: of its second, and of the lead.
    expect(heard.frames.received).toBeGreaterThan(5 * 235);
    expect(heard.pace).toBeGreaterThan(0.95);
    // What was sent ahead counts.
    expect(heard.pace).toBeLessThan(1.08);
  }),
);

it(
  'is heard no later than it is to be, by the lead and 45 ms',
  judgingTimes(async (machine) => {
    // Its delay is the lead: so what is found beyond it is the way through the gateway, and the call's jitter.
    const leadMs = 200;
    const example = await ExampleProcess.start('echo', '0', '0', String(leadMs));
    const { echo, calls } = await example.simulate('--echo-test', '--duration', '10s');
    expect(await example.interrupt()).toBe(0);
    expect([calls.completed, echo!.bursts.lost]).toEqual([1, 0]);
    expect(echo!.bursts.heard).toBeGreaterThanOrEqual(8);
    expect(echo!.mouthToEarMs.p50).toBeGreaterThanOrEqual(leadMs);
    expect(echo!.mouthToEarMs.p50).toBeLessThanOrEqual(leadMs + 45 + machine.worstMs);
  }),
);

it('has sixteen lines of code at most', () => {
  const source = readFileSync(new URL('../../examples/echo/main.ts', import.meta.url), 'utf8');
  const lines = source.split('\n').filter((line) => line !== '' && !/^ *\/[/*]/.test(line));
  expect(lines.length).toBeLessThanOrEqual(16);
});
