/** What reaches those who listen: each frame once and in order, and of speech only what is clean. */
import { expect, it } from 'vitest';
import { type Listener, ReadingLoop } from '../../examples/audio/reading-loop.ts';
import { Collector } from '../../examples/voice-authentication/collector.ts';
import { VoiceprintMaker } from '../../examples/voice-authentication/voiceprint.ts';
import { Frame, FrameBatch, startGateway, type Track } from '../../src/index.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { eventually } from '../support/gateway-process.ts';
import { speech, toPcm } from './speech.ts';

it('leaves out what comes twice or after its turn, tells of silence on the line, and of the end once', async () => {
  const gateway = await startGateway({ port: 0, adminPort: 0, logLevel: 'silent', workers: 1 });
  const heard: number[] = [];
  const ends: [number, number][] = [];
  let idleMs = 0;
  const listener: Listener = {
    take: (batch, frame) => heard.push(batch.samples[batch.offsets[frame]!]!),
    idle: (forMs) => {
      idleMs = forMs;
    },
    end: (read, lapped) => ends.push([read, lapped]),
  };
  const loop = new ReadingLoop();
  gateway.on('participant', (participant) => loop.add(participant.ring(), () => listener));
  const client = await AcsClient.connect(`ws://127.0.0.1:${gateway.port}/audio`);
  const frameOf = (n: number) => audio(n, Buffer.alloc(640, n + 1), '8:acs:a');
  client.send(metadata('s', 16_000), ...[0, 1, 1, 3, 2, 4, 3, 5].map(frameOf));
  await eventually(() => heard.length >= 5 && idleMs > 100);
  expect(heard.map((sample) => sample & 0xff)).toEqual([1, 2, 4, 5, 6]);
  client.send(frameOf(6));
  await eventually(() => heard.length === 6 && idleMs < 100);
  await client.hangUp();
  await eventually(() => ends.length > 0);
  loop.stop();
  await gateway.stop();
  expect(ends).toEqual([[9, 0]]);
});

const track: Track = {
  streamId: 's',
  callConnectionId: null,
  correlationId: null,
  participantId: '8:acs:a',
  sampleRate: 16_000,
};

/** Says frame after frame of samples; `isThere` says which come at all. Returns the print and how much speech it took. */
function collect(samples: Int16Array, isThere: (frame: number) => boolean = () => true) {
  let result: { voiceprint: number[]; speechMs: number } | null = null;
  let heardMs = 0;
  const collector = new Collector(track, 1000, {
    voiceprint: (voiceprint, speechMs) => {
      result = { voiceprint, speechMs };
    },
    ended: (_read, _lapped, speechMs) => {
      heardMs = speechMs;
    },
  });
  const frame = new Frame();
  const batch = new FrameBatch(1);
  for (let n = 0; (n + 1) * 320 <= samples.length; n++) {
    if (!isThere(n)) continue;
    frame.samples.set(samples.subarray(n * 320, (n + 1) * 320));
    frame.pcmBytes = 640;
    frame.positionSamples = n * 320;
    batch.clear();
    batch.add(frame);
    collector.take(batch, 0);
  }
  collector.end(0, 0);
  return { result: result as { voiceprint: number[]; speechMs: number } | null, heardMs };
}

const voice = { pitchHz: 120, scale: 1 };

it('takes a second of speech for a voiceprint, and no more', () => {
  const samples = toPcm(speech(voice, 1, 16_000, 3000));
  const { result, heardMs } = collect(samples);
  expect(result?.speechMs).toBe(1000);
  expect(heardMs).toBe(1000);
  // The first frames, in which it was not yet known that somebody speaks, are left out.
  const maker = new VoiceprintMaker(16_000);
  const spoken = samples.slice(2 * 320);
  let used = 0;
  for (let frames = 1; used < 16_000; frames++) used += maker.add(spoken.slice(used), frames * 320 - used);
  expect(result?.voiceprint).toEqual(maker.voiceprint());
});

it('does not count what is clipped or quiet', () => {
  const clipped = toPcm(speech(voice, 1, 16_000, 3000)).map((sample, i) => (i % 320 === 0 ? 32_767 : sample));
  expect(collect(clipped)).toEqual({ result: null, heardMs: 0 });
  expect(collect(new Int16Array(32_000))).toEqual({ result: null, heardMs: 0 });
});

it('does not join what a missing frame has parted', () => {
  const samples = toPcm(speech(voice, 1, 16_000, 3000));
  // A window is longer than a frame: none fits between two holes.
  expect(collect(samples, (frame) => frame % 2 === 0)).toEqual({ result: null, heardMs: 0 });
});
