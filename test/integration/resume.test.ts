/** Sockets that break off, come back, or come twice: one stream, the same rings, the same files, and a gap on record. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AcsClient, audio, metadata, refusedUpgrade } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess, type LogLine } from '../support/gateway-process.ts';
import { judgingTimes, unlessStarved } from '../support/starvation.ts';

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

const call = { 'x-ms-call-connection-id': 'call' };
const pcm = (frame: number) => Buffer.alloc(640, frame + 1);

/** A socket that has sent the metadata and these frames. */
async function caller(gateway: GatewayProcess, from: number, to: number, id?: string, subscription = 'subscription') {
  const client = await AcsClient.connect(gateway.url, call);
  client.send(metadata(subscription));
  for (let frame = from; frame < to; frame++) client.send(audio(frame, pcm(frame), id));
  return client;
}

async function committed(gateway: GatewayProcess, frames: number): Promise<void> {
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === frames);
}

function ended(gateway: GatewayProcess): LogLine[] {
  return gateway.log.filter(({ msg }) => msg === 'stream ended');
}

test('a socket that breaks off and comes back continues in the same stream and the same file, with the hole in it', async () => {
  const folder = temporaryFolder();
  const gateway = await start('--sink', `pcm:${folder}`);
  const first = await caller(gateway, 0, 10);
  await committed(gateway, 10);
  const [before] = await gateway.streams();
  first.socket.terminate();
  await eventually(async () => (await gateway.streams())[0]!.state === 'waiting');
  expect((await gateway.metrics()).get('streams_active')).toBe(0);

  const second = await caller(gateway, 60, 70);
  await committed(gateway, 20);
  const [after, ...others] = await gateway.streams();
  expect([after!.id, after!.state, others]).toEqual([before!.id, 'open', []]);
  await second.hangUp();
  await eventually(() => ended(gateway).length > 0);
  expect(ended(gateway)).toEqual([
    expect.objectContaining({ id: before!.id, interruptions: 1, messages: 22, committed: 20, closeCode: 1000 }),
  ]);
  expect(ended(gateway)[0]!['interruptedMs']).toBeGreaterThan(0);
  expect(ended(gateway)[0]!['audio']).toMatchObject({ frames: 20, missingFrames: 50, gaps: 1 });
  const metrics = await gateway.metrics();
  for (const [name, value] of [
    ['stream_resumes_total', 1],
    ['upgrades_total{result="accepted"}', 2],
    ['stream_closes_total{cause="peer"}', 2],
    ['messages_unaccounted', 0],
  ] as const) {
    expect(metrics.get(name), name).toBe(value);
  }

  const hole = Buffer.alloc(50 * 640);
  const expected = [...Array(10).keys()].map(pcm).concat(hole, ...[...Array(10).keys()].map((n) => pcm(60 + n)));
  expect(readdirSync(folder)).toEqual(['call']);
  expect(readFileSync(join(folder, 'call', 'mixed.pcm')).equals(Buffer.concat(expected))).toBe(true);
});

test('who was talking when the socket broke off has lost audio, who was not has paused', () =>
  unlessStarved(async () => {
    const gateway = await start();
    const quiet = await caller(gateway, 0, 1, 'quiet');
    await new Promise((resolve) => setTimeout(resolve, 400));
    for (let frame = 20; frame < 25; frame++) quiet.send(audio(frame, pcm(frame), 'talking'));
    await committed(gateway, 6);
    quiet.socket.terminate();
    const back = await caller(gateway, 100, 101, 'talking');
    back.send(audio(100, pcm(100), 'quiet'));
    await committed(gateway, 8);
    const [{ participants } = { participants: [] }] = await gateway.streams();
    expect(participants).toMatchObject([
      { id: 'quiet', missingFrames: 0, pauses: 1 },
      { id: 'talking', missingFrames: 75, gaps: 1, pauses: 0 },
    ]);
  }));

test('a half-open old socket is superseded with 4000 by the newer one, which continues', async () => {
  const gateway = await start();
  const old = await caller(gateway, 0, 5);
  await committed(gateway, 5);
  const newer = await caller(gateway, 5, 10);
  expect(await old.closed).toBe(4000);
  await committed(gateway, 10);
  const [stream, ...others] = await gateway.streams();
  expect([stream!.committed, others]).toEqual([10, []]);
  expect(stream!.participants).toMatchObject([{ frames: 10, missingFrames: 0 }]);
  expect((await gateway.metrics()).get('stream_closes_total{cause="superseded"}')).toBe(1);
  await newer.hangUp();
  await eventually(() => ended(gateway).length === 1);
});

test('a newer socket whose audio overtakes its metadata has a stream of its own, and the old one ends', async () => {
  const gateway = await start();
  const old = await caller(gateway, 0, 5);
  await committed(gateway, 5);
  const newer = await AcsClient.connect(gateway.url, call);
  newer.send(audio(5, pcm(5)), metadata(), audio(6, pcm(6)));
  expect(await old.closed).toBe(4000);
  await committed(gateway, 7);
  await eventually(async () => (await gateway.streams()).length === 1);
  expect(await gateway.streams()).toMatchObject([{ committed: 2, audioBeforeMetadata: 1 }]);
  await newer.hangUp();
});

test('with --duplicate reject the second one is refused: with 409 when its call is known, else with 1008', async () => {
  const gateway = await start('--duplicate', 'reject');
  const first = await caller(gateway, 0, 5);
  await committed(gateway, 5);
  expect((await refusedUpgrade(gateway.url, call)).status).toBe(409);
  await first.hangUp();

  const nameless = await AcsClient.connect(gateway.url);
  nameless.send(metadata('other'));
  await eventually(async () => (await gateway.streams()).some(({ subscriptionId }) => subscriptionId === 'other'));
  const second = await AcsClient.connect(gateway.url);
  second.send(metadata('other'));
  expect(await second.closed).toBe(1008);
  const metrics = await gateway.metrics();
  expect(metrics.get('stream_closes_total{cause="duplicate"}')).toBe(1);
  expect(metrics.get('upgrades_total{result="duplicate"}')).toBe(1);
  nameless.send(audio(0));
  await committed(gateway, 6);
  await nameless.hangUp();
});

test('with --duplicate allow both are streams of their own', async () => {
  const gateway = await start('--duplicate', 'allow');
  const clients = [await caller(gateway, 0, 5), await caller(gateway, 0, 5)];
  await committed(gateway, 10);
  expect(await gateway.streams()).toMatchObject([{ committed: 5 }, { committed: 5 }]);
  for (const client of clients) expect(await client.hangUp()).toBe(1000);
});

test('the same subscription of another call is another stream', async () => {
  const gateway = await start();
  const one = await caller(gateway, 0, 5);
  const other = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': 'another' });
  other.send(metadata(), audio(0));
  await committed(gateway, 6);
  expect((await gateway.streams()).length).toBe(2);
  for (const client of [one, other]) expect(await client.hangUp()).toBe(1000);
});

test(
  'who never comes back leaves nothing, who hangs up is not waited for',
  judgingTimes(async () => {
    const gateway = await start('--resume-grace-ms', '500');
    const broken = await caller(gateway, 0, 5);
    await committed(gateway, 5);
    broken.socket.terminate();
    await eventually(() => ended(gateway).length === 1);
    expect(ended(gateway)[0]).toMatchObject({ interruptions: 0, closeCode: 1006 });
    await eventually(async () => (await gateway.metrics()).get('ring_memory_bytes') === 0);
    expect(await gateway.streams()).toEqual([]);
    // The next one with this subscription begins anew.
    const next = await caller(gateway, 5, 6);
    await committed(gateway, 6);
    expect(await gateway.streams()).toMatchObject([{ committed: 1 }]);
    const hungUpMs = performance.now();
    await next.hangUp();
    await eventually(() => ended(gateway).length === 2);
    expect(performance.now() - hungUpMs).toBeLessThan(450);
  }),
);

test(
  'a drain does not wait for those who might come back',
  judgingTimes(async () => {
    const gateway = await start('--resume-grace-ms', '600000');
    const broken = await caller(gateway, 0, 5);
    await committed(gateway, 5);
    broken.socket.terminate();
    await eventually(async () => (await gateway.streams())[0]!.state === 'waiting');
    const startMs = performance.now();
    const { code, last } = await gateway.drain();
    expect([code, last['unaccounted']]).toEqual([0, 0]);
    expect(performance.now() - startMs).toBeLessThan(5000);
  }),
);
