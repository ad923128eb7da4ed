/** The example as a user runs it: enrols voices, knows them again by other words, and notices another voice. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { judgingTimes } from '../support/starvation.ts';
import { ExampleProcess, writeWav } from './example-process.ts';
import { speech, toPcm, type Voice } from './speech.ts';

const sampleRate = 16_000;
const low: Voice = { pitchHz: 100, scale: 0.95 };
const high: Voice = { pitchHz: 200, scale: 1.12 };

async function run(flags: readonly string[], calls: readonly { seed: string; voice: Voice; words: number }[]) {
  const folder = temporaryFolder();
  const example = await ExampleProcess.start('voice-authentication', '--port', '0', '--admin-port', '0', ...flags);
  const reports = calls.map(({ voice, words, seed }) => {
    const file = join(folder, `${seed}.wav`);
    writeWav(file, sampleRate, toPcm(speech(voice, words, sampleRate, 4000)));
    return example.simulate('--seed', seed, '--participants', '1', '--duration', '4s', '--audio', file);
  });
  const ids = (await Promise.all(reports)).map(({ perCall }) => perCall[0]!.participants[0]!.id!);
  await eventually(() => example.output.match(/s of speech/g)?.length === calls.length);
  expect(await example.interrupt()).toBe(0);
  // The same seed is the same participant.
  const lineOf = (id: string) => example.lines.find((line) => line.includes(`${id.slice(-8)}:`));
  return { lines: ids.map(lineOf), last: example.lines.at(-1), ids };
}

it(
  'enrols two participants, knows one again, and notices that the other one speaks with a voice that is not theirs',
  judgingTimes(async () => {
    const voices = ['--voices', join(temporaryFolder(), 'voices.json')];
    const enrolled = await run(
      [...voices, '--enrol'],
      [
        { seed: '1', voice: low, words: 1 },
        { seed: '2', voice: high, words: 2 },
      ],
    );
    expect(enrolled.lines).toEqual([expect.stringMatching(/ enrolled$/), expect.stringMatching(/ enrolled$/)]);
    expect(enrolled.last).toBe('400 frames heard, 0 lost; 2 voices known');

    const compared = await run(voices, [
      { seed: '1', voice: low, words: 3 },
      { seed: '2', voice: low, words: 4 },
      { seed: '3', voice: high, words: 5 },
    ]);
    const closest = (id: string | undefined) => `closest: .*${id!.slice(-8).replace('+', '\\+')} 0\\.9`;
    expect(compared.lines[0]).toMatch(new RegExp(`3\\.0 s of speech, the same voice; ${closest(enrolled.ids[0])}`));
    expect(compared.lines[1]).toMatch(new RegExp(`3\\.0 s of speech, ANOTHER VOICE; ${closest(enrolled.ids[0])}`));
    expect(compared.lines[2]).toMatch(new RegExp(`3\\.0 s of speech, not enrolled; ${closest(enrolled.ids[1])}`));
    expect(compared.last).toBe('600 frames heard, 0 lost; 2 voices known');
  }),
);
