/** Ids that a peer chose become file names: they stay inside the folder, whatever they are. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { GatewayProcess } from '../support/gateway-process.ts';

/** Legal in a header: no control characters there. */
const callIds = [
  '../../etc/passwd',
  '..',
  '.',
  '/',
  'C:\\Windows\\system32',
  'x'.repeat(3000),
  'a b\tc',
  '-rf',
  'mixed',
  '%2e%2e%2f',
];
const participantIds = [
  '../../../escaped',
  '..',
  '/etc/passwd',
  'nul\u0000byte',
  'line\nbreak\u001b[31m',
  '\u202egnp.exe',
  'p'.repeat(200),
  'mixed',
];

test('hostile call and participant ids stay inside the folder, none is lost, none overwrites another', async () => {
  const folder = temporaryFolder();
  const recordings = join(folder, 'deep', 'recorded');
  mkdirSync(recordings, { recursive: true });
  const gateway = await GatewayProcess.start('--sink', `wav:${recordings}`);
  onTestFinished(() => gateway.kill());
  for (const callId of [...callIds, ...callIds]) {
    const client = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': callId });
    client.send(metadata(), ...participantIds.map((id) => audio(0, Buffer.alloc(640, 7), id)));
    await client.hangUp();
  }
  const { last } = await gateway.drain();

  expect(last).toMatchObject({ msg: 'drained', unaccounted: 0, dropped: 0 });
  expect(readdirSync(folder)).toEqual(['deep']);
  expect(readdirSync(join(folder, 'deep'))).toEqual(['recorded']);
  const files = filesBelow(recordings, '.wav');
  expect(files.size).toBe(2 * callIds.length * participantIds.length);
  for (const [name, bytes] of files) {
    expect(bytes.length).toBe(80 + 640);
    for (const part of name.split('/')) expect(part).toMatch(/^[A-Za-z0-9+_][A-Za-z0-9+_.-]{0,160}$/);
  }
});

test('a call id of 10,000 characters is refused by the HTTP layer or cut, and the gateway continues', async () => {
  const gateway = await GatewayProcess.start();
  onTestFinished(() => gateway.kill());
  const long = AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': 'y'.repeat(10_000) });
  await long.then((client) => client.hangUp()).catch(() => {});
  const client = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': 'fine' });
  client.send(metadata(), audio(0));
  await client.hangUp();
  expect((await gateway.drain()).last).toMatchObject({ msg: 'drained', committed: 1 });
});
