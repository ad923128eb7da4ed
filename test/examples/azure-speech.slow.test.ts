/** The adapter for Azure Speech with its real SDK: what the service hears is what was said, and its texts find their way back. */
import { join } from 'node:path';
import speech from 'microsoft-cognitiveservices-speech-sdk';
import { expect, it, vi } from 'vitest';
import { AzureSpeech } from '../../examples/call-assistance/azure-speech.ts';
import type { Utterance } from '../../examples/call-assistance/recogniser.ts';
import type { Track } from '../../src/index.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { generator } from '../support/seed.ts';
import { ExampleProcess, writeWav } from './example-process.ts';
import { scene } from './speech.ts';
import { SpeechService, textOf } from './speech-service.ts';

function trackOf(participantId: string, sampleRate: number): Track {
  return { streamId: 's', callConnectionId: null, correlationId: null, participantId, sampleRate };
}

/** Noise without zeros, so that nothing in it is taken for silence. */
function utterance(track: Track, number: number, ms = 300): Utterance {
  const next = generator(number);
  const samples = Int16Array.from({ length: (ms * track.sampleRate) / 1000 }, () => 1 + Math.floor(next() * 1000));
  return { track, startMs: number * 1000, samples };
}

it('gives each participant a stream of their own, and each utterance its own text, as it comes', async () => {
  const service = await SpeechService.start();
  const texts: [Utterance, string][] = [];
  const recogniser = new AzureSpeech(speech.SpeechConfig.fromHost(service.url, 'key'), (...one) => texts.push(one));
  const [a, b] = [trackOf('8:acs:a', 16_000), trackOf('8:acs:b', 24_000)];
  const said = [utterance(a, 1), utterance(b, 2, 700), utterance(a, 3), utterance(b, 4), utterance(a, 5, 1200)];
  for (const one of said.slice(0, 3)) recogniser.push(one);
  // Before anything has ended.
  await eventually(() => texts.length === 3);
  for (const one of said.slice(3)) recogniser.push(one);
  recogniser.end(b);
  await recogniser.close();

  expect(texts.toSorted(([one], [other]) => one.startMs - other.startMs)).toEqual(
    said.map((one) => [one, textOf(one.samples)]),
  );
  expect(service.recognitions.map(({ sampleRate }) => sampleRate).sort()).toEqual([16_000, 24_000]);
});

it('says that the service is away, loses what was said meanwhile, and tries again with the next utterance', async () => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
  const first = await SpeechService.start();
  const texts: string[] = [];
  const nowhere = new URL('ws://127.0.0.1:1');
  const config = speech.SpeechConfig.fromHost(nowhere, 'key');
  const recogniser = new AzureSpeech(config, (_utterance, text) => texts.push(text));
  const track = trackOf('8:acs:a', 16_000);
  recogniser.push(utterance(track, 1));
  await eventually(() => complaints.mock.calls.length === 1);
  expect(complaints.mock.calls[0]![0]).toMatch(/^Azure Speech: /);
  expect(complaints.mock.calls[0]![0]).not.toContain('key');

  config.setProperty(speech.PropertyId.SpeechServiceConnection_Host, first.url.href.slice(0, -1));
  const second = utterance(track, 2);
  recogniser.push(second);
  await recogniser.close();
  expect(texts).toEqual([textOf(second.samples)]);
  complaints.mockRestore();
});

it('is what the example runs with --recogniser azure', async () => {
  const service = await SpeechService.start();
  vi.stubEnv('SPEECH_HOST', service.url.href.slice(0, -1));
  const file = join(temporaryFolder(), 'speech.wav');
  const spans = [
    [500, 1300],
    [2200, 3000],
  ] as const;
  writeWav(file, 16_000, scene({ sampleRate: 16_000, ms: 4000, noiseDb: -50, speechDb: -20 }, spans));
  const example = await ExampleProcess.start(
    'call-assistance',
    ...['--port', '0', '--admin-port', '0', '--recogniser', 'azure'],
  );
  await example.simulate('--participants', '1', '--duration', '4s', '--audio', file);
  await eventually(() => example.output.match(/ said .* [0-9a-f]{64}$/gm)?.length === 2);
  expect(await example.interrupt()).toBe(0);
  expect(example.lines.at(-1)).toMatch(/^1 participants, 2 turns, 0 interruptions; 200 frames heard, 0 lost$/);
  vi.unstubAllEnvs();
});
