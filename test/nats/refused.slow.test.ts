/** What the server does not take: its permissions, its limits. It is counted, frame by frame, and costs nobody else anything. */
import { expect } from 'vitest';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { eventually } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { accountOf, NatsConsumer } from './consumer.ts';
import { allRead, drainExactly, errorsOf, exactCounts, sinkCounts, startWithSink } from './rig.ts';
import { NatsServer } from './server.ts';

const test = testNeeding('nats-server');

const hearer = { user: 'hearer', pass: 'hearing' } as const;

function permissions(publish: string): string {
  const gateway = `{ user: gateway, password: pass, permissions: { publish: ${publish} } }`;
  return `authorization { users: [ ${gateway}, { user: ${hearer.user}, password: ${hearer.pass} } ] }`;
}

/** A call that says so many frames, one after the other. */
async function call(url: string, id: string, frames: number): Promise<void> {
  const client = await AcsClient.connect(url, { 'x-ms-call-connection-id': id });
  client.send(metadata(`subscription of ${id}`));
  for (let n = 0; n < frames; n++) {
    client.send(audio(n, Buffer.alloc(640, n), '4:+15550100000'));
    if (n % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await client.hangUp();
}

for (const frames of [1, 10]) {
  test(`frames that the server does not permit to publish are lost, each of them counted, with ${frames} to a message`, async () => {
    const server = await NatsServer.forTest(permissions('{ allow: "acs.audio.>", deny: "acs.audio.secret.>" }'));
    const gateway = await startWithSink(`nats://gateway:pass@${server.address}?frames=${frames}`);
    const consumer = await NatsConsumer.start({ server: server.address, ...hearer });
    await Promise.all([call(gateway.url, 'secret', 73), call(gateway.url, 'open', 73)]);
    await allRead(gateway);

    expect(await consumer.ended(1)).toMatchObject([{ received: 73, missing: 0 }]);
    expect((await consumer.summary()).tracks).toBe(1);
    const counts = await exactCounts(gateway, 146);
    expect(counts).toMatchObject({ frames: 146, lapped: 0, lost: 73, restarts: 0, ready: 1 });
    expect(counts.errors).toBeGreaterThan(0);
    expect(errorsOf(gateway).length).toBeGreaterThan(0);
    for (const error of errorsOf(gateway)) expect(error).not.toMatch(/secret|1555/);
    await drainExactly(gateway);
  });
}

test('events that the server does not permit cost no frame', async () => {
  const server = await NatsServer.forTest(permissions('{ allow: "acs.audio.*.*" }'));
  const gateway = await startWithSink(`nats://gateway:pass@${server.address}`);
  const consumer = await NatsConsumer.start({ server: server.address, ...hearer });
  const client = await AcsClient.connect(gateway.url);
  // So short that its frames are published together with its end.
  client.send(metadata(), ...Array.from({ length: 50 }, (_, n) => audio(n)));
  await client.hangUp();
  await allRead(gateway);
  await eventually(async () => (await consumer.summary()).received === 50);
  expect(await consumer.summary()).toMatchObject({ ended: 0 });
  expect(await exactCounts(gateway, 50)).toMatchObject({ lapped: 0, lost: 0 });
  await drainExactly(gateway);
});

test('a permission that is taken away, and given again, costs the frames of that time', async () => {
  const server = await NatsServer.forTest(permissions('"acs.audio.>"'));
  const gateway = await startWithSink(`nats://gateway:pass@${server.address}`);
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata());
  const say = async (from: number, count: number) => {
    for (let n = from; n < from + count; n++) client.send(audio(n));
    await eventually(async () => (await sinkCounts(gateway)).frames === from + count);
  };
  await say(0, 20);
  await server.reload(permissions('"elsewhere"'));
  await say(20, 30);
  expect(await sinkCounts(gateway)).toMatchObject({ lost: 30, lapped: 0 });
  await server.reload(permissions('"acs.audio.>"'));
  await say(50, 10);
  await client.hangUp();
  await allRead(gateway);
  expect(await exactCounts(gateway, 60)).toMatchObject({ lost: 30, lapped: 0 });
  await drainExactly(gateway);
});

for (const frames of [1, 10]) {
  test(`messages beyond the server's max_payload are lost, each frame counted, with ${frames} to a message`, async () => {
    const total = 67;
    // Room for events and for frames at 16 kHz, one by one.
    const server = await NatsServer.forTest(`max_payload: ${frames === 1 ? 800 : 1500}`);
    const gateway = await startWithSink(`nats://${server.address}?frames=${frames}`);
    const consumer = await NatsConsumer.start({ server: server.address });
    const client = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': 'too-big' });
    client.send(metadata('subscription', frames === 1 ? 24_000 : 16_000));
    // All at once: a reading that ends in the middle of a message, and no message with just one frame.
    const bytes = frames === 1 ? 960 : 640;
    client.send(...Array.from({ length: total }, (_, n) => audio(n, Buffer.alloc(bytes, n))));
    await client.hangUp();
    await allRead(gateway);

    const counts = await exactCounts(gateway, total);
    expect(counts).toMatchObject({ frames: total, lapped: 0, lost: total, restarts: 0, ready: 1 });
    const [track] = await consumer.ended(1);
    expect(track).toMatchObject({ received: 0 });
    expect(accountOf(track!)).toEqual({ frames: total, lapped: 0, lost: total });
    for (const error of errorsOf(gateway)) expect(error).not.toContain('too-big');
    await drainExactly(gateway);
  });
}
