/** JetStream: every message is acknowledged by the stream, or its frames are read again; what is stored can be heard later. */
import { join } from 'node:path';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, onTestFinished } from 'vitest';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, runCommand } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { accountOf, differencesFromSent, NatsConsumer, sumOf } from './consumer.ts';
import { allRead, drainExactly, errorsOf, exactCounts, sinkCounts, sleep, startWithSink } from './rig.ts';
import { NatsServer } from './server.ts';

const test = testNeeding('nats-server');

const stream = { name: 'AUDIO', subjects: ['acs.audio.>'] };

async function manage(server: NatsServer): Promise<JetStreamManager> {
  const connection = await connect({ servers: server.address, reconnectTimeWait: 100, maxReconnectAttempts: -1 });
  onTestFinished(() => connection.close());
  return jetstreamManager(connection);
}

test('a stream that does not exist, or has other subjects, ends the gateway with exit code 5 and the remedy', async () => {
  const server = await NatsServer.withJetStream();
  const flags = ['serve', '--port', '0', '--admin-port', '0', '--workers', '1'];
  const sink = `nats://${server.address}?jetstream=AUDIO`;
  const expected = { code: 5, stderr: expect.stringContaining("nats stream add AUDIO --subjects 'acs.audio.>'") };
  expect(await runCommand([...flags, '--sink', sink])).toMatchObject(expected);
  const manager = await manage(server);
  await manager.streams.add({ name: 'AUDIO', subjects: ['acs.audio.*.*'] });
  expect(await runCommand([...flags, '--sink', sink])).toMatchObject(expected);
});

test('a server without JetStream ends it with exit code 5 as well', async () => {
  const server = await NatsServer.forTest();
  const flags = ['serve', '--port', '0', '--admin-port', '0', '--sink', `nats://${server.address}?jetstream=AUDIO`];
  expect(await runCommand(flags)).toMatchObject({ code: 5, stderr: expect.stringMatching(/jetstream/i) });
});

test('what a server that is killed had acknowledged is there when it is back, the rest is stored then: nothing is missing or twice', async () => {
  const sent = join(temporaryFolder(), 'sent');
  const server = await NatsServer.withJetStream();
  const manager = await manage(server);
  await manager.streams.add(stream);
  const gateway = await startWithSink(`nats://${server.address}?jetstream=AUDIO`, '--ring-seconds', '10');
  const [calls, framesEach] = [60, 200];
  const flags = ['--calls', String(calls), '--duration', '4s', '--seed', '91', '--save', sent];
  const simulator = startSimulator(gateway.url, ...flags);
  await eventually(async () => (await sinkCounts(gateway)).frames > 2000);
  await server.kill();
  await sleep(300);
  await server.start();
  expect((await simulator.report).ok).toBe(true);
  await eventually(async () => (await sinkCounts(gateway)).frames === calls * framesEach);

  const consumer = await NatsConsumer.start({ server: server.address, replay: 'AUDIO' });
  const tracks = await consumer.ended(calls);
  expect(tracks).toHaveLength(calls);
  expect([sumOf(tracks, 'received'), sumOf(tracks, 'missing')]).toEqual([calls * framesEach, 0]);
  expect(differencesFromSent(tracks, sent)).toEqual([]);
  for (const track of tracks) expect(accountOf(track)).toEqual({ frames: framesEach, lapped: 0, lost: 0 });
  const { messages, problems } = await consumer.summary();
  expect(problems).toEqual([]);
  // Up to 25 frames a message, and some events.
  expect(messages).toBeLessThan((calls * framesEach) / 8);
  expect(await exactCounts(gateway, calls * framesEach)).toMatchObject({ lapped: 0, lost: 0, ready: 1 });
  await drainExactly(gateway);
});

test('a stream that is deleted costs what the rings cannot keep; when it is made anew, storing continues', async () => {
  const server = await NatsServer.withJetStream();
  const manager = await manage(server);
  await manager.streams.add(stream);
  const gateway = await startWithSink(`nats://${server.address}?jetstream=AUDIO&frames=5`, '--ring-seconds', '1');
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata());
  for (let n = 0; n < 20; n++) client.send(audio(n));
  await eventually(async () => (await sinkCounts(gateway)).frames === 20);
  await manager.streams.delete('AUDIO');
  for (let n = 20; n < 320; n++) client.send(audio(n));
  await eventually(async () => (await sinkCounts(gateway)).lapped >= 150);
  await manager.streams.add(stream);
  await eventually(async () => {
    const { frames, lapped } = await sinkCounts(gateway);
    return frames + lapped === 320;
  });
  client.send(audio(320));
  await client.hangUp();
  await eventually(async () => (await sinkCounts(gateway)).unaccounted === 0 && (await gateway.streams()).length === 0);
  const { lapped, frames, errors } = await exactCounts(gateway, 321);
  expect(errors).toBeGreaterThan(0);
  for (const error of errorsOf(gateway)) expect(error).toMatch(/stream|responders/i);

  const consumer = await NatsConsumer.start({ server: server.address, replay: 'AUDIO' });
  const [track] = await consumer.ended(1);
  // The first 20 went with the old stream.
  expect(track).toMatchObject({ received: frames - 20, missing: lapped + 20, disordered: 0 });
  expect(accountOf(track!)).toEqual({ frames: 321, lapped, lost: 0 });
  await drainExactly(gateway);
});

test('messages that are too long for the server cost their own frames only, counted: all others are stored', async () => {
  const server = await NatsServer.forTest('jetstream { max_file_store: 4GB }\nmax_payload: 1400');
  const manager = await manage(server);
  await manager.streams.add(stream);
  const gateway = await startWithSink(`nats://${server.address}?jetstream=AUDIO&frames=1`);
  const calls = await Promise.all([AcsClient.connect(gateway.url), AcsClient.connect(gateway.url)]);
  for (const [n, sampleRate] of [16_000, 24_000].entries()) {
    const frames = Array.from({ length: 40 }, (_, i) => audio(i, Buffer.alloc(sampleRate / 25, i)));
    calls[n]!.send(metadata(`subscription-${n}`, sampleRate), ...frames);
  }
  for (const client of calls) await client.hangUp();
  await allRead(gateway);
  expect(await exactCounts(gateway, 80)).toMatchObject({ frames: 80, lapped: 0, lost: 40, restarts: 0, ready: 1 });
  const consumer = await NatsConsumer.start({ server: server.address, replay: 'AUDIO' });
  const tracks = await consumer.ended(2);
  expect(tracks.map(({ received, missing }) => [received, missing]).sort()).toEqual([
    [0, 40],
    [40, 0],
  ]);
  await drainExactly(gateway);
});
