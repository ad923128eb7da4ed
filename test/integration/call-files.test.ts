/** One file per call: what 50 drawn calls sent stands at its place to the sample, through sockets, workers and sinks. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AcsClient, firstTimestampMs, metadata } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { generator, seed } from '../support/seed.ts';
import { faultsOf, type SentFrame } from './call-judge.ts';
import { type DrawnCall, drawCall } from './drawn-call.ts';

const calls = 50;

/** ACS's form: seven digits behind the second. */
function stampOf(atMs: number): string {
  const iso = new Date(firstTimestampMs + Math.floor(atMs)).toISOString();
  const rest = Math.round((atMs % 1) * 1e4);
  return iso.replace('Z', `${String(rest).padStart(4, '0')}Z`);
}

function message({ participant, atMs, samples }: SentFrame): string {
  const data = Buffer.from(samples.buffer).toString('base64');
  const audioData = { timestamp: stampOf(atMs), participantRawID: participant, data, silent: false };
  return JSON.stringify({ kind: 'AudioData', audioData });
}

async function play(gateway: GatewayProcess, call: DrawnCall): Promise<void> {
  const connect = () => AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': call.id });
  let client = await connect();
  client.send(metadata(call.id, call.frames[0]!.sampleRate));
  for (const [n, frame] of call.frames.entries()) {
    if (n === call.rateChangesAt) client.send(metadata(call.id, 24_000));
    if (n === call.stallsAt) await new Promise((resolve) => setTimeout(resolve, 700));
    if (n === call.breaksAt) {
      // All that it sent must have come before it breaks off.
      await eventually(async () => (await committed(gateway, call.id)) === n);
      client.socket.terminate();
      await eventually(async () => (await stateOf(gateway, call.id)) === 'waiting');
      client = await connect();
      client.send(metadata(call.id));
    }
    client.send(message(frame));
  }
  await client.hangUp();
}

const streamOf = async (gateway: GatewayProcess, id: string) =>
  (await gateway.streams()).find(({ callConnectionId }) => callConnectionId === id);
const committed = async (gateway: GatewayProcess, id: string) => (await streamOf(gateway, id))?.committed;
const stateOf = async (gateway: GatewayProcess, id: string) => (await streamOf(gateway, id))?.state;

test('in the file of each of 50 calls with joins, leaves, pauses, stalls, resumes and rate changes every frame is at its place', async () => {
  const random = generator(seed);
  const folder = temporaryFolder();
  const sinks = ['multichannel', 'stereo'].map((layout) => `wav:${join(folder, layout)}?call=${layout}`);
  // Rings that hold all of a call: here nobody waits for the sinks at 50 frames a second.
  const flags = ['--ring-seconds', '10', ...sinks.flatMap((sink) => ['--sink', sink])];
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  const drawn = Array.from({ length: calls }, (_, index) => drawCall(index, random));
  for (let n = 0; n < calls; n += 10) await Promise.all(drawn.slice(n, n + 10).map((call) => play(gateway, call)));
  const noteOf = (layout: string, { id }: DrawnCall) => join(folder, layout, id, 'call.json');
  await eventually(() =>
    drawn.every((call) => ['multichannel', 'stereo'].every((layout) => existsSync(noteOf(layout, call)))),
  );
  expect((await gateway.drain()).code).toBe(0);

  for (const call of drawn) {
    for (const layout of ['multichannel', 'stereo']) {
      // Where a channel is the sum of several, nobody can say what an interpolated sample should be.
      if (layout === 'stereo' && call.rateChangesAt < call.frames.length) continue;
      const what = `seed ${seed}, ${layout}, ${call.id}`;
      const note = JSON.parse(readFileSync(noteOf(layout, call), 'utf8'));
      const path = join(folder, layout, call.id, 'call.wav');
      expect(faultsOf(path, note.channels, call.frames), what).toEqual([]);
      expect(note, what).toMatchObject({ callConnectionId: call.id, complete: true, format: { layout } });
    }
    expect(readdirSync(join(folder, 'stereo', call.id)).filter((name) => name.endsWith('.part'))).toEqual([]);
  }
});
