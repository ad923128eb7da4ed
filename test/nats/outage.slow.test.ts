/** The NATS server dies, comes late or never: what that costs is counted, and nobody but its consumers notices. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { guardSlots, ringSlotCount } from '../../src/memory/sizes.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { differences, filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually, type GatewayProcess } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { always, judgingTimes } from '../support/starvation.ts';
import { accountOf, NatsConsumer, sumOf } from './consumer.ts';
import type { TrackReport } from './heard.ts';
import { allRead, drainExactly, errorsOf, exactCounts, isReady, sinkCounts, sleep, startOn } from './rig.ts';
import { NatsServer } from './server.ts';

const test = testNeeding('nats-server');

/** Frames that a ring of one second keeps for whoever comes late. */
const readable = ringSlotCount(1) - guardSlots;

/** Each track knows how many frames there were, and received + missing = frames. */
function expectClosedBooks(tracks: readonly TrackReport[], framesEach: number): void {
  for (const track of tracks) {
    expect(accountOf(track)?.frames).toBe(framesEach);
    expect(track.received + track.missing).toBe(framesEach);
  }
}

async function sendAll(clients: readonly AcsClient[], from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n++) for (const client of clients) client.send(audio(n, Buffer.alloc(640, n)));
}

async function committed(gateway: GatewayProcess, frames: number): Promise<void> {
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === frames);
}

test('what a server that is away for long costs is the same number on both sides: lapped here, missing there', async () => {
  const server = await NatsServer.forTest();
  const gateway = await startOn(server, '--ring-seconds', '1');
  const consumer = await NatsConsumer.start({ server: server.address });
  const clients = await Promise.all(Array.from({ length: 10 }, () => AcsClient.connect(gateway.url)));
  for (const [n, client] of clients.entries()) client.send(metadata(`subscription-${n}`));
  await sendAll(clients, 0, 40);
  await eventually(async () => (await consumer.summary()).received === 400);
  await eventually(async () => (await sinkCounts(gateway)).frames === 400);

  await server.kill();
  await eventually(async () => !(await isReady(gateway)));
  await sendAll(clients, 40, 200);
  await committed(gateway, 2400);
  // Lapped as it is overwritten, not when the server is back.
  await eventually(async () => (await sinkCounts(gateway)).lapped === 10 * (200 - readable));
  await server.start();
  await eventually(async () => (await consumer.summary()).connections === 2);
  await eventually(() => isReady(gateway));
  await sendAll(clients, 240, 10);
  for (const client of clients) await client.hangUp();
  const tracks = await consumer.ended(10);

  const { lapped } = await exactCounts(gateway, 2500);
  expect(lapped).toBeGreaterThanOrEqual(10 * (200 - readable));
  expect(sumOf(tracks, 'missing')).toBe(lapped);
  expect(sumOf(tracks, 'repeated')).toBe(0);
  expectClosedBooks(tracks, 250);
  for (const track of tracks) expect(accountOf(track)).toEqual({ frames: 250, lapped: track.missing, lost: 0 });
  expect(errorsOf(gateway).length).toBeLessThan(6);
  await drainExactly(gateway);
});

test('what the rings still have when a server is back waits for slower consumers, and then comes in order: nothing is missing', async () => {
  const server = await NatsServer.forTest();
  const gateway = await startOn(server, '--ring-seconds', '30');
  // Slower than the gateway's first attempts.
  const consumer = await NatsConsumer.start({ server: server.address, reconnectMs: 200 });
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata());
  for (let outage = 0; outage < 4; outage++) {
    const [before, during] = [outage * 250 + 50, outage * 250 + 250];
    await sendAll([client], outage * 250, 50);
    await eventually(async () => (await sinkCounts(gateway)).frames === before);
    await eventually(async () => (await consumer.summary()).received === before);
    await server.kill();
    await sendAll([client], before, 200);
    await server.start();
    await eventually(async () => (await sinkCounts(gateway)).frames === during);
    await eventually(async () => (await consumer.summary()).received === during);
  }
  await client.hangUp();
  const [track] = await consumer.ended(1);
  expect(track).toMatchObject({ received: 1000, missing: 0, disordered: 0 });
  expect(await exactCounts(gateway, 1000)).toMatchObject({ lapped: 0, lost: 0 });
  await drainExactly(gateway);
});

test(
  'a server killed twice under 150 calls: ingestion and the sink beside it do not notice, both accounts are exact',
  judgingTimes(async (machine) => {
    const folder = temporaryFolder();
    const [recorded, sent] = [join(folder, 'recorded'), join(folder, 'sent')];
    const server = await NatsServer.forTest();
    const gateway = await startOn(server, '--sink', `wav:${recorded}`);
    const consumer = await NatsConsumer.start({ server: server.address });
    const [calls, framesEach] = [150, 350];
    const flags = ['--calls', String(calls), '--duration', '7s', '--ramp', '500ms', '--seed', '71', '--save', sent];
    const simulator = startSimulator(gateway.url, ...flags);
    await eventually(async () => (await consumer.summary()).received > 1000);
    // Shorter than the rings, then longer.
    for (const awayMs of [300, 2500]) {
      await server.kill();
      await sleep(awayMs);
      await server.start();
      await eventually(() => isReady(gateway));
      await sleep(500);
    }
    expect((await simulator.report).ok).toBe(true);
    const tracks = await consumer.ended(calls);
    await allRead(gateway);

    const { lapped, errors } = await always(() => exactCounts(gateway, calls * framesEach));
    expect(lapped).toBeGreaterThan(0);
    await always(() => expectClosedBooks(tracks, framesEach));
    // What a dying server has taken and not passed on, or passed on and not confirmed, is not more than a round or two.
    // A round of a thread that waited for its turn is as long as it waited.
    const waited = machine.wakesLate ? machine.worstMs / 20 : 0;
    const difference = Math.abs(sumOf(tracks, 'missing') - lapped);
    expect(difference).toBeLessThan(calls * (10 + 2 * waited));
    expect(sumOf(tracks, 'repeated')).toBeLessThan(calls * (20 + 2 * waited));
    expect(sumOf(tracks, 'disordered')).toBe(0);
    expect(differences(filesBelow(recorded, '.wav'), filesBelow(sent, '.wav'))).toEqual([]);
    const told = gateway.log.filter(({ msg }) => msg === 'sink error');
    expect(told.length).toBeLessThanOrEqual(Math.min(errors, 10));
    const metrics = await gateway.metrics();
    const slow = metrics.get('residence_seconds_count')! - metrics.get('residence_seconds_bucket{le="0.5"}')!;
    expect(slow).toBeLessThan(0.01 * calls * framesEach);
    await always(() => drainExactly(gateway));
  }),
);

test('a gateway whose server is not there starts all the same, and publishes when it comes', async () => {
  const server = await NatsServer.away();
  const gateway = await startOn(server, '--ring-seconds', '5');
  expect(await sinkCounts(gateway)).toMatchObject({ ready: 0, frames: 0 });
  expect((await gateway.admin('/readyz')).status).toBe(200);
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata());
  await sendAll([client], 0, 20);
  await committed(gateway, 20);
  expect(await sinkCounts(gateway)).toMatchObject({ ready: 0, frames: 0, lapped: 0 });
  const waiting = NatsConsumer.start({ server: server.address });
  await server.start();
  const consumer = await waiting;
  await eventually(() => isReady(gateway));
  await sendAll([client], 20, 5);
  await client.hangUp();
  const [track] = await consumer.ended(1);
  expect(accountOf(track!)).toEqual({ frames: 25, lapped: 0, lost: 0 });
  // What was published before it had subscribed it knows to be missing.
  expect(track!.received + track!.missing).toBe(25);
  expect(track!.received).toBeGreaterThanOrEqual(5);
  expect(await exactCounts(gateway, 25)).toMatchObject({ lapped: 0, lost: 0 });
  await drainExactly(gateway);
  await server.remove();
});

test(
  'a server that is gone for good when calls end and the gateway drains: exit 0 in time, the account is exact',
  judgingTimes(async () => {
    const server = await NatsServer.forTest();
    const gateway = await startOn(server);
    const simulator = startSimulator(gateway.url, '--calls', '50', '--duration', '2s');
    await eventually(async () => (await sinkCounts(gateway)).frames > 500);
    await server.kill();
    expect((await simulator.report).ok).toBe(true);
    const signalledMs = performance.now();
    await always(() => drainExactly(gateway));
    expect(performance.now() - signalledMs).toBeLessThan(20_000);
  }),
);
