/** The smallest example as a user runs it, and that it stays the smallest. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { ExampleProcess, writeWav } from './example-process.ts';

it('draws a bar as long as a participant is loud', async () => {
  const file = join(temporaryFolder(), 'steps.wav');
  // Half a second quiet, half a second loud.
  const samples = new Int16Array(16_000).fill(2048, 0, 8000).fill(20_480, 8000);
  writeWav(file, 16_000, samples);
  const example = await ExampleProcess.start('level-meter', '0', '0');
  const calls = ['--participants', '2', '--duration', '2s', '--audio', file];
  const [first] = (await example.simulate(...calls)).perCall[0]!.participants;
  await eventually(() => example.output.match(/ lost: /g)?.length === 2);
  expect(await example.interrupt()).toBe(0);

  const lines = example.lines.filter((line) => line.endsWith(first!.id!));
  const bars = lines.slice(0, -1).map((line) => line.indexOf(' '));
  expect(bars).toEqual([4, 4, 4, 40, 40, 4, 4, 4, 40, 40]);
  expect(lines.at(-1)).toBe(`100 frames, 0 lost: ${first!.id}`);
});

it('has fifteen lines of code at most', () => {
  const source = readFileSync(new URL('../../examples/level-meter/main.ts', import.meta.url), 'utf8');
  const lines = source.split('\n').filter((line) => line !== '' && !line.startsWith('/**'));
  expect(lines.length).toBeLessThanOrEqual(15);
});
