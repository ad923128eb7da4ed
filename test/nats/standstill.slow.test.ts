/** The NATS server stands still, with its connections open: for less than a round may take, and for longer. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { differencesFromSent, NatsConsumer, sumOf } from './consumer.ts';
import { drainExactly, exactCounts, isReady, sleep, startOn } from './rig.ts';
import { NatsServer } from './server.ts';

const test = testNeeding('nats-server');

test('a server that stands still for two seconds costs nothing: everything comes when it continues, once', async () => {
  const sent = join(temporaryFolder(), 'sent');
  const server = await NatsServer.forTest();
  const gateway = await startOn(server, '--ring-seconds', '6');
  const consumer = await NatsConsumer.start({ server: server.address });
  const simulator = startSimulator(gateway.url, '--calls', '50', '--duration', '4s', '--save', sent);
  await eventually(async () => (await consumer.summary()).received > 500);
  server.stop();
  await sleep(2000);
  server.goOn();
  expect((await simulator.report).ok).toBe(true);
  const tracks = await consumer.ended(50);
  expect([sumOf(tracks, 'missing'), sumOf(tracks, 'repeated'), sumOf(tracks, 'disordered')]).toEqual([0, 0, 0]);
  expect(differencesFromSent(tracks, sent)).toEqual([]);
  expect(await exactCounts(gateway, 50 * 200)).toMatchObject({ lapped: 0, lost: 0, errors: 0 });
  await drainExactly(gateway);
});

test('a server that stands still for longer than we wait is left; what it took without an answer comes again', async () => {
  const server = await NatsServer.forTest();
  const gateway = await startOn(server, '--ring-seconds', '30');
  const consumer = await NatsConsumer.start({ server: server.address });
  const simulator = startSimulator(gateway.url, '--calls', '20', '--duration', '7s');
  await eventually(async () => (await consumer.summary()).received > 500);
  server.stop();
  await eventually(async () => !(await isReady(gateway)));
  server.goOn();
  expect((await simulator.report).ok).toBe(true);
  const tracks = await consumer.ended(20);
  expect([sumOf(tracks, 'missing'), sumOf(tracks, 'disordered')]).toEqual([0, 0]);
  expect(sumOf(tracks, 'repeated')).toBeGreaterThan(0);
  expect(await exactCounts(gateway, 20 * 350)).toMatchObject({ lapped: 0, lost: 0 });
  await drainExactly(gateway);
});
