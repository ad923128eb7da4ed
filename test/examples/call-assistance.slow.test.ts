/** The example as a user runs it: who spoke when, who interrupted whom, on audio of which that is known. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { FromWorker, Turn } from '../../examples/call-assistance/messages.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { judgingTimes } from '../support/starvation.ts';
import { ExampleProcess, writeWav } from './example-process.ts';
import { scene } from './speech.ts';

const sampleRate = 16_000;
const callMs = 8000;
/** What the file says, and so the first participant. The second one hears the same from another place on, in a loop. */
const spans = [
  [600, 3000],
  [4000, 6400],
  [7400, 7800],
] as const;
/** The simulator begins so far into a file of 400 frames: 0.618 of it. */
const secondBeginsMs = 247 * 20;

type Span = readonly [number, number];

function heardFrom(beginMs: number): Span[] {
  return [-beginMs, callMs - beginMs]
    .flatMap((shift) => spans.map(([from, to]): Span => [Math.max(0, from + shift), Math.min(callMs, to + shift)]))
    .filter(([from, to]) => to > from);
}

function near(turns: readonly Turn[], expected: readonly Span[]): void {
  expect(turns.length).toBe(expected.length);
  turns.forEach(({ startMs, endMs }, i) => {
    expect(Math.abs(startMs - expected[i]![0]), `beginning of turn ${i}`).toBeLessThanOrEqual(80);
    expect(Math.abs(endMs - expected[i]![1]), `end of turn ${i}`).toBeLessThanOrEqual(80);
  });
}

it(
  'finds turns where they were put, and who gave way to whom',
  judgingTimes(async () => {
    const file = join(temporaryFolder(), 'speech.wav');
    writeWav(file, sampleRate, scene({ sampleRate, ms: callMs, noiseDb: -65, speechDb: -22 }, spans));
    const ports = ['--port', '0', '--admin-port', '0'];
    const example = await ExampleProcess.start('call-assistance', ...ports, '--json');
    const calls = ['--calls', '1', '--participants', '2', '--duration', `${callMs}ms`, '--audio', file];
    const report = await example.simulate(...calls, '--duplicate', '0.02', '--reorder', '0.01', '--seed', '5');
    const messages = () =>
      example.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as FromWorker);
    const of = <Type extends FromWorker['type']>(type: Type) =>
      messages().filter((message): message is Extract<FromWorker, { type: Type }> => message.type === type);
    await eventually(() => of('ended').length === 2);

    const [first, second] = report.perCall[0]!.participants.map(({ id }) => id);
    const turnsOf = (id: string | null | undefined) =>
      of('turnEnded').flatMap(({ track, turn }) => (track.participantId === id ? [turn] : []));
    near(turnsOf(first), heardFrom(0));
    near(turnsOf(second), heardFrom(secondBeginsMs));

    const overlaps = of('overlap');
    expect(overlaps.map((one) => [one.first.participantId, one.second.participantId, one.isInterruption])).toEqual([
      [second, first, true],
      [first, second, false],
      [second, first, true],
      [second, first, false],
    ]);
    [860, 400, 2060, 400].forEach((expectedMs, i) => {
      expect(Math.abs(overlaps[i]!.overlapMs - expectedMs), `overlap ${i}`).toBeLessThanOrEqual(100);
    });
    // Every turn had one utterance, a text for it, and nothing was lost.
    expect(of('text').length).toBe(of('turnEnded').length);
    expect(of('ended').every(({ framesLapped }) => framesLapped === 0)).toBe(true);
    expect(of('ended').reduce((sum, { framesRead }) => sum + framesRead, 0)).toBe(report.expected.frames);
    expect(await example.interrupt()).toBe(0);
    expect(example.lines.at(-1)).toMatch(/^2 participants, 7 turns, 2 interruptions; \d+ frames heard, 0 lost$/);
  }),
);
