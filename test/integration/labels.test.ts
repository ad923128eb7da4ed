/** Whose call it is: what the application wrote into its address is wherever the call is told of, escaped, bounded, and never a token. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { labelLimits } from '../../src/base/limits.ts';
import { AcsClient, audio, metadata, refusedUpgrade } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess, runCommand } from '../support/gateway-process.ts';

const token = 'aB+c/d==';
const call = { 'x-ms-call-connection-id': 'call' };

test('labels of query and path are in /streams, the log and all JSON; tokens are not', async () => {
  const folder = temporaryFolder();
  const labels = ['--label-query', 'order', '--label-query', 'note', '--label-query', 'key', '--label-path'];
  const auth = ['--auth', 'token', '--auth-token', token, '--auth-token', 'pathSECRET'];
  const gateway = await GatewayProcess.start('--sink', `wav:${folder}?call=stereo`, ...labels, ...auth);
  onTestFinished(() => gateway.kill());
  const note = `line\n"quote" \u202e${'x'.repeat(1000)}`;
  const query = `order=A+17&order=other&note=${encodeURIComponent(note)}&key=pathSECRET&more=hidden`;
  const expected = { order: 'A 17', note: note.slice(0, labelLimits.charsMax), path: 'shop/50 %' };

  const client = await AcsClient.connect(`${gateway.url}/shop/50%20%25/pathSECRET?${query}`, call);
  client.send(metadata(), audio(0, undefined, '4:+1'));
  await eventually(async () => (await gateway.streams())[0]?.participants.length === 1);
  expect(await gateway.streams()).toMatchObject([{ labels: expected }]);
  await client.hangUp();
  await eventually(() => gateway.log.some(({ msg }) => msg === 'call recorded'));
  for (const msg of ['stream ended', 'call recorded']) {
    expect(
      gateway.log.find((line) => line.msg === msg),
      msg,
    ).toMatchObject({ labels: expected });
  }
  for (const name of ['4_+1.json', 'call.json']) {
    expect(JSON.parse(readFileSync(join(folder, 'call', name), 'utf8')), name).toMatchObject({ labels: expected });
  }
  expect(JSON.stringify(gateway.log)).not.toMatch(/SECRET|hidden/);

  // The token as the application wrote it, with its plus sign; without any label there are none.
  const other = await AcsClient.connect(`${gateway.url}?accesstoken=${token}`, { 'x-ms-call-connection-id': 'other' });
  other.send(metadata('other'), audio(0));
  await eventually(async () => (await gateway.streams()).length === 1);
  expect((await gateway.streams())[0]!.labels).toEqual({});
  await other.hangUp();
  expect((await refusedUpgrade(`${gateway.url}?accesstoken=aB-c/d==`)).status).toBe(401);
});

test('a label that would be a token, or of the same name as another, is refused', async () => {
  const flags = ['--label-query', 'token', '--label-query', 'path', '--label-path', '--label-query', '__proto__'];
  const { code, stderr } = await runCommand(['serve', ...flags]);
  expect(code).toBe(2);
  expect(stderr).toContain('--label-query: ["token","path","__proto__"]: expected a name');
  const second = await runCommand(['serve', ...flags.slice(0, -2)]);
  expect(second.stderr).toContain('--label-query: "token": expected another name');
  expect(second.stderr).toContain('--label-query: "path": expected another name');
});
