/** A sink's thread that dies while it makes the file of a call: another one makes it, of recordings that nothing has touched. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { faultySinks, killSink } from '../sink/faulty-sink.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';

const participants = Array.from({ length: 16 }, (_, n) => `4:p${n}`);
/** Of a pause as long as timestamps are believed: minutes of audio to go through, and no waiting. */
const lastFrame = 5_500;

test('the file of a call whose thread died in its making is made by the next one, and nothing half-made is left', async () => {
  const folder = temporaryFolder();
  const recorded = join(folder, 'recorded');
  const gateway = await GatewayProcess.startIn(faultySinks(folder), '--sink', `wav:${recorded}?call=multichannel`);
  onTestFinished(() => gateway.kill());
  // A thread dies while it reads: one call continues.
  const live = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': 'live' });
  live.send(metadata('live'));
  let frame = 0;
  const talking = setInterval(() => live.send(audio(frame++)), 20);
  onTestFinished(() => clearInterval(talking));
  const client = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': 'call' });
  client.send(metadata('call'));
  for (const n of [0, lastFrame]) for (const id of participants) client.send(audio(n, Buffer.alloc(640, n + 1), id));
  await client.hangUp();
  await eventually(
    () =>
      existsSync(join(recorded, 'call')) &&
      readdirSync(join(recorded, 'call')).some((name) => name.endsWith('.part') && name.startsWith('call')),
  );
  await killSink(folder, 'exit');
  await eventually(() => gateway.log.some(({ msg }) => msg === 'sink thread died'));
  await eventually(() => existsSync(join(recorded, 'call', 'call.json')));
  await eventually(() =>
    gateway.log.some(({ msg, callConnectionId }) => msg === 'call recorded' && callConnectionId === 'call'),
  );
  const note = JSON.parse(readFileSync(join(recorded, 'call', 'call.json'), 'utf8'));
  expect(note).toMatchObject({ complete: true, samples: (lastFrame + 1) * 320 });
  expect(note.channels).toHaveLength(16);
  const wav = readFileSync(join(recorded, 'call', 'call.wav'));
  expect(wav.length).toBe(80 + (lastFrame + 1) * 640 * 16);
  for (const [at, value] of [
    [0, 1],
    [lastFrame, (lastFrame + 1) & 0xff],
  ] as const) {
    const part = wav.subarray(80 + at * 640 * 16, 80 + (at + 1) * 640 * 16);
    expect(
      part.every((byte) => byte === value),
      `frame ${at}`,
    ).toBe(true);
  }
  expect(readdirSync(join(recorded, 'call')).filter((name) => name.endsWith('.part'))).toEqual([]);
  clearInterval(talking);
  await live.hangUp();
  const { code, last } = await gateway.drain();
  expect([code, last['unaccounted']]).toEqual([0, 0]);
});
