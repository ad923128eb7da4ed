/** The example as a user runs it: what arrives at the other end is what was sent, bit for bit, steadily and soon. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Forwarder } from '../../examples/interpretation/forwarder.ts';
import { type Received, Receiver } from '../../examples/interpretation/receiver.ts';
import { recordingName } from '../../src/base/recording-name.ts';
import { Frame, type Track } from '../../src/index.ts';
import { participantId } from '../../src/simulator/identity.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { judgingTimes } from '../support/starvation.ts';
import { ExampleProcess } from './example-process.ts';

const ports = ['--port', '0', '--admin-port', '0', '--json'];
/** Long enough for whatever this machine is busy with beside the test. */
const patient = ['--buffer', '1000'];

function received(example: ExampleProcess): Received[] {
  return example.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Received);
}

function sentPcm(folder: string, id: string): Buffer {
  const files = filesBelow(folder, `${recordingName(id)}.wav`);
  expect(files.size).toBe(1);
  return [...files.values()][0]!.subarray(80);
}

it(
  'forwards one participant of three, bit for bit, with silence for what was lost, and says how late',
  judgingTimes(async () => {
    const folder = temporaryFolder();
    const calls = ['--seed', '11', '--participants', '3', '--duration', '5s', '--rate', '24000'];
    const faults = [
      '--loss',
      '0.03',
      '--reorder',
      '0.02',
      '--duplicate',
      '0.02',
      '--silence',
      '0.2',
      '--jitter-ms',
      '30',
    ];
    // Who will be there follows from the seed: the second one is a phone number, with its +.
    const wanted = participantId(11, 1);
    const example = await ExampleProcess.start(
      'interpretation',
      ...ports,
      ...patient,
      ...['--participant', wanted, '--save', join(folder, 'heard')],
    );
    const { ok } = await example.simulate(...calls, ...faults, '--save', join(folder, 'sent'));
    expect(ok).toBe(true);
    await eventually(() => received(example).length === 1);
    expect(await example.interrupt()).toBe(0);

    const [{ hello, account, frames, intervalMs }] = received(example) as [Received];
    const sent = sentPcm(join(folder, 'sent'), wanted);
    const heard = readFileSync(join(folder, 'heard', '1.pcm'));
    expect(hello).toMatchObject({ participantId: wanted, sampleRate: 24_000, positionSamples: 0 });
    expect(heard.equals(sent)).toBe(true);
    expect(frames).toBe(250);
    expect(account).toMatchObject({ late: 0, leftOut: 0, setBack: 0, unsent: 0, framesLapped: 0 });
    expect(account.forwarded + account.silence).toBe(250);
    expect(account.delayMs.p50).toBeGreaterThan(900);
    expect(account.delayMs.p50).toBeLessThan(1200);
    expect(account.delayMs.p99).toBeLessThan(1500);
    expect(intervalMs.p50).toBeGreaterThanOrEqual(14);
    expect(intervalMs.p50).toBeLessThanOrEqual(26);
  }),
);

it(
  'forwards everybody over connections of their own, and adds little more than the buffer',
  judgingTimes(async () => {
    const folder = temporaryFolder();
    const example = await ExampleProcess.start('interpretation', ...ports, '--save', folder);
    await example.simulate('--calls', '2', '--participants', '2', '--duration', '4s');
    await eventually(() => received(example).length === 4);
    expect(await example.interrupt()).toBe(0);
    for (const { account, frames, intervalMs } of received(example)) {
      expect(account.forwarded + account.silence).toBe(frames);
      expect(account.forwarded + account.late + account.leftOut).toBe(200);
      expect(account.delayMs.p50).toBeGreaterThanOrEqual(40);
      expect(account.delayMs.p50).toBeLessThan(160);
      expect(account.delayMs.p99).toBeLessThan(400);
      expect(intervalMs.p99).toBeLessThan(150);
    }
  }),
);

const track: Track = {
  streamId: 's',
  callConnectionId: null,
  correlationId: null,
  participantId: null,
  sampleRate: 16_000,
};

/** Lets it send until everything is sent. */
async function finish(forwarder: Forwarder): Promise<void> {
  const timer = setInterval(() => {
    forwarder.flush();
    forwarder.tick(performance.now());
  }, 10);
  await forwarder.done;
  clearInterval(timer);
}

it('loses nothing while it connects', async () => {
  const heard: Received[] = [];
  const receiver = await Receiver.listen({ port: 0, folder: null, onReceived: (received) => heard.push(received) });
  const forwarder = new Forwarder(track, { to: receiver.url, bufferMs: 40, onError() {} });
  const frame = new Frame();
  frame.pcmBytes = 640;
  for (let n = 0; n < 10; n++) {
    frame.positionSamples = n * 320;
    frame.arrivalMs = performance.now() - 1000;
    forwarder.write(frame);
  }
  forwarder.end({ framesRead: 10, framesLapped: 0 });
  await finish(forwarder);
  await receiver.close();
  expect(heard).toMatchObject([{ frames: 10, account: { forwarded: 10, unsent: 0 } }]);
});

it('drops and counts what it cannot send, and continues where it is when the other end is back', async () => {
  const complaints: unknown[] = [];
  const onError = (error: unknown) => complaints.push(error);
  const heard: Received[] = [];
  const onReceived = (received: Received) => heard.push(received);
  // A port that is free: somebody was there, and has gone.
  const gone = await Receiver.listen({ port: 0, folder: null, onReceived });
  const to = gone.url;
  await gone.close();
  const forwarder = new Forwarder(track, { to, bufferMs: 40, onError });
  const frame = new Frame();
  frame.pcmBytes = 640;
  let receiver: Receiver | null = null;
  for (let n = 0; n < 150; n++) {
    if (n === 50) receiver = await Receiver.listen({ port: Number(new URL(to).port), folder: null, onReceived });
    frame.positionSamples = n * 320;
    frame.arrivalMs = performance.now();
    forwarder.write(frame);
    forwarder.flush();
    forwarder.tick(performance.now());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  forwarder.end({ framesRead: 150, framesLapped: 0 });
  await finish(forwarder);
  await receiver!.close();
  const [{ hello, account, frames }] = heard as [Received];
  expect(complaints.length).toBeGreaterThanOrEqual(1);
  expect(complaints.length).toBeLessThanOrEqual(4);
  expect(account.unsent).toBeGreaterThanOrEqual(40);
  expect(hello.positionSamples).toBe(account.unsent * 320);
  expect(frames + account.unsent).toBe(account.forwarded + account.silence);
});
