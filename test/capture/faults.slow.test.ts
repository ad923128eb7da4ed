/** What a capture loses when something dies or the disk is full, and that nobody else notices. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ContentsCounter } from '../../src/capture/contents.ts';
import { openCapture } from '../../src/capture/open-capture.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess, runCommand } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { smallDisk } from '../support/small-disk.ts';
import { judgingTimes } from '../support/starvation.ts';
import { drained, playCapture, startCapturing } from './captured.ts';
import { captureFaults, faultyCapture, killCapture } from './faulty-capture.ts';

function contentsOf(path: string) {
  const capture = openCapture(path);
  const counter = new ContentsCounter();
  for (const record of capture.reader.records()) counter.add(record);
  capture.close();
  return counter.contents(capture.reader);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test(
  'the capture of a gateway that was killed with kill -9 is whole up to its last block, and can be played',
  judgingTimes(async () => {
    const file = join(temporaryFolder(), 'calls.acscap');
    const gateway = await startCapturing('--capture', file);
    const calls = simulateCalls({ url: gateway.url, calls: 20, durationMs: 5000, seed: 71 });
    await pause(2000);
    await gateway.kill();
    const { sent } = await calls;
    const contents = contentsOf(file);
    expect(contents.sockets).toEqual({ opened: 20, resumed: 0, openAtEnd: 20 });
    // What waited for the disk is lost, and no more: a tenth of a second, and a slow machine's share.
    expect(contents.messages.text).toBeGreaterThan(sent.messages * 0.6);
    expect(contents.damage).toMatchObject({ skippedBytes: 0, missingBlocks: 0 });

    const again = await startCapturing();
    const { report } = await playCapture(again.url, [file], '--speed', 'max');
    expect(report).toMatchObject({ ok: true, sent: { messages: contents.messages.text }, closes: { 1000: 20 } });
    expect((await drained(again)).counters['messages_received_total']).toBe(contents.messages.text);
  }),
);

test(
  'on a full disk it loses whole messages, says how many and where, and no stream notices',
  needs('mount'),
  async () => {
    const folder = smallDisk();
    const file = join(folder, 'calls.acscap');
    const other = temporaryFolder();
    // Nearly full from the beginning.
    writeFileSync(join(folder, 'ballast'), Buffer.alloc(700 * 1024));
    const gateway = await startCapturing('--capture', file, '--sink', `pcm:${other}`);
    const { ok, expected } = await simulateCalls({ url: gateway.url, calls: 20, durationMs: 2000, seed: 72 });
    const { counters, last, captured } = await drained(gateway);
    expect([ok, last['msg'], last['dropped']]).toEqual([true, 'drained', 0]);
    expect(counters['frames_committed_total']).toBe(expected.frames);
    const { messages, dropped, bytes } = captured as unknown as Record<string, number>;
    expect(messages).toBeGreaterThan(0);
    expect(dropped).toBeGreaterThan(0);
    expect(messages! + dropped!).toBe(counters['messages_received_total']);
    expect(bytes).toBe(statSync(file).size);
    expect(gateway.log.some(({ msg, error }) => msg === 'capture error' && error === 'ENOSPC: write')).toBe(true);
    const contents = contentsOf(file);
    expect(contents.messages.text).toBe(messages);
    expect(contents.damage).toEqual({ cutBytes: 0, skippedBytes: 0, missingBlocks: 0 });
  },
);

for (const fault of captureFaults) {
  test(`a capture's thread that dies (${fault}) is replaced, and the file continues without a hole`, async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'calls.acscap');
    const gateway = await GatewayProcess.startIn(faultyCapture(folder), '--capture', file);
    try {
      const calls = simulateCalls({ url: gateway.url, calls: 10, durationMs: 2500, seed: 73 });
      await pause(600);
      await killCapture(folder, fault);
      const { ok, sent } = await calls;
      await eventually(async () => (await gateway.metrics()).get('capture_restarts_total') === 1);
      await eventually(async () => (await gateway.metrics()).get('capture_messages_total') === sent.messages);
      const { captured, last } = await drained(gateway);
      expect([ok, last['msg']]).toEqual([true, 'drained']);
      expect(captured).toMatchObject({ messages: sent.messages, dropped: 0 });
      expect(gateway.log.filter(({ msg }) => msg === 'capture thread died')).toHaveLength(1);
      const contents = contentsOf(file);
      expect(contents.messages.text).toBe(sent.messages);
      expect(contents.ends).toEqual({ 'peer 1000': 10 });
      expect(contents.damage).toEqual({ cutBytes: 0, skippedBytes: 0, missingBlocks: 0 });
    } finally {
      await gateway.kill();
    }
  });
}

test(
  'when the processor is short, streams come before the capture: its thread is nice, and no other is',
  needs('linux'),
  async () => {
    const gateway = await startCapturing('--capture', join(temporaryFolder(), 'calls.acscap'));
    const tasks = `/proc/${gateway.pid}/task`;
    // proc(5): the 19th field of stat, the 17th behind the name.
    const niceness = readdirSync(tasks).map(
      (id) => readFileSync(`${tasks}/${id}/stat`, 'utf8').split(') ')[1]!.split(' ')[16],
    );
    expect(niceness.filter((nice) => nice === '5')).toHaveLength(1);
    // The others have what these tests were given.
    expect(new Set(niceness)).toEqual(new Set([String(getPriority()), '5']));
  },
);

test('nothing is overwritten: a name that is taken gets a number, and the file is for its owner alone', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'deep', 'calls.acscap');
  const gateways = await Promise.all([1, 2, 3].map(() => startCapturing('--capture', file)));
  await Promise.all(gateways.map((gateway) => gateway.drain()));
  expect(readdirSync(join(folder, 'deep')).sort()).toEqual(['calls-2.acscap', 'calls-3.acscap', 'calls.acscap']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(gateways.map(({ log }) => log.find(({ msg }) => msg === 'capturing')!['file']).sort()).toHaveLength(3);
});

test('a file that cannot be made ends the start with capture_failed; a setting that is wrong is named', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'x'));
  writeFileSync(join(folder, 'file'), '');
  const failed = await runCommand([
    'serve',
    '--port',
    '0',
    '--admin-port',
    '0',
    '--capture',
    join(folder, 'file', 'a'),
  ]);
  expect([failed.code, failed.stderr]).toEqual([9, expect.stringContaining('--capture')]);
  const wrong = await runCommand(['serve', '--capture', 'a.acscap?zip']);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--capture')]);
});

test('no token, query or header that is not of the call is in a capture, and with ?redact no id either', async () => {
  const folder = temporaryFolder();
  const files = ['calls.acscap', 'redacted.acscap'].map((name) => join(folder, name));
  const id = '8:acs:3d20e1de-0f28-41c5-84a0-4960fde5f411_0000000b-faeb-c708-99bf-a43a0d0036b0';
  for (const [index, file] of files.entries()) {
    const token = ['--auth', 'token', '--auth-token', 'T0kenThatIsSecret'];
    const gateway = await startCapturing(...token, '--capture', `${file}?compress=none${index === 1 ? '&redact' : ''}`);
    const headers = {
      'x-ms-call-connection-id': 'ThisIsTheCall',
      'X-MS-Token-AAD': 'OtherSecret',
      cookie: 'OtherSecret',
    };
    const clients = await Promise.all([
      AcsClient.connect(`${gateway.url}/ThisIsTheCall/T0kenThatIsSecret`, headers),
      AcsClient.connect(`${gateway.url}?accesstoken=T0kenThatIsSecret`, headers),
      AcsClient.connect(gateway.url, { authorization: 'Bearer T0kenThatIsSecret' }),
    ]);
    for (const [n, client] of clients.entries()) {
      client.send(
        metadata(`subscription-${n}`),
        audio(0, undefined, id),
        '{"kind":"DtmfData","dtmfData":{"data":"7"}}',
      );
      await client.hangUp();
    }
    await drained(gateway);
    const bytes = readFileSync(file).toString('latin1');
    for (const secret of ['T0kenThatIsSecret', 'OtherSecret', 'accesstoken'])
      expect(bytes, secret).not.toContain(secret);
    const ofTheCall = ['ThisIsTheCall', id, 'subscription-1', '"data":"7"', '127.0.0.1'];
    expect(ofTheCall.filter((text) => bytes.includes(text))).toEqual(index === 0 ? ofTheCall : []);
    expect(existsSync(file)).toBe(true);
  }
});

test('a capture that cannot begin, because the disk is full, leaves no file behind', needs('mount'), async () => {
  const folder = smallDisk();
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(1024 * 1024));
  const flags = ['--port', '0', '--admin-port', '0', '--capture', join(folder, 'calls.acscap')];
  const { code, stderr } = await runCommand(['serve', ...flags]);
  expect([code, stderr]).toEqual([9, expect.stringContaining('ENOSPC')]);
  expect(readdirSync(folder)).toEqual(['ballast']);
});
