/** What no guard may refuse: what ACS sends after a stall, and everybody who comes back at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { frame } from '../fuzz/frame.ts';
import { RawPeer, upgradeRequest } from '../fuzz/raw-peer.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { unlessStarved } from '../support/starvation.ts';

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

async function expectNothingRefused(gateway: GatewayProcess): Promise<void> {
  for (const [name, value] of await gateway.metrics()) {
    if (/^(messages_dropped|connections_refused|overload_refusals|accept_pauses)_total/.test(name)) {
      expect([name, value]).toEqual([name, 0]);
    }
    if (/^stream_closes_total/.test(name) && !name.includes('"peer"')) expect([name, value]).toEqual([name, 0]);
  }
}

/** Calls began before they broke off: a thousand upgrades of an address in a second is what the limit of them allows. */
const wholeSecondMs = 1100;

test('ten seconds of 16 participants at once', async () => {
  const gateway = await start();
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata());
  const ids = Array.from({ length: 16 }, (_, n) => `4:+1555010${1000 + n}`);
  for (let frame = 0; frame < 500; frame++) for (const id of ids) client.send(audio(frame, undefined, id));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 16 * 500);
  await expectNothingRefused(gateway);
  // And again, for those who stall again at once.
  for (let frame = 500; frame < 1000; frame++) for (const id of ids) client.send(audio(frame, undefined, id));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 2 * 16 * 500);
  await expectNothingRefused(gateway);
  await client.hangUp();
});

test('ten seconds of packets of 64 KiB at once', async () => {
  const gateway = await start();
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata());
  const packetFrames = 65_536 / 640;
  for (let packet = 0; packet < 5; packet++) {
    for (const id of ['a', 'b', 'c', 'd']) {
      client.send(audio(Math.round(packet * packetFrames), Buffer.alloc(65_536, 1), id));
    }
  }
  await eventually(async () => (await gateway.metrics()).get('messages_total{outcome="committed"}') === 20);
  await expectNothingRefused(gateway);
  await client.hangUp();
});

test('silence without data, as short as messages of audio get', async () => {
  const gateway = await start();
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata());
  for (let frame = 0; frame < 500; frame++) {
    for (const id of ['a', 'b', 'c', 'd']) {
      client.send(audio(frame, Buffer.alloc(0), id).replace('"silent":false', '"silent":true'));
    }
  }
  await eventually(async () => (await gateway.metrics()).get('frames_silent_total') === 2000);
  await expectNothingRefused(gateway);
  await client.hangUp();
});

test('a thousand calls of one address that break off at once and come back at once', () =>
  unlessStarved(async () => {
    const gateway = await start('--resume-grace-ms', '60000');
    const calls = Array.from({ length: 1000 }, (_, n) => ({ 'x-ms-call-connection-id': `call ${n}` }));
    const dial = (headers: Record<string, string>) => AcsClient.connect(gateway.url, headers);
    const first = await Promise.all(calls.map(dial));
    first.forEach((client, n) => {
      client.send(metadata(`subscription ${n}`), audio(0));
    });
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 1000);
    await sleep(wholeSecondMs);
    for (const client of first) client.socket.terminate();
    await eventually(async () => (await gateway.metrics()).get('streams_active') === 0);
    const second = await Promise.all(calls.map(dial));
    second.forEach((client, n) => {
      client.send(metadata(`subscription ${n}`), ...Array.from({ length: 20 }, (_, frame) => audio(frame + 1)));
    });
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 21_000);
    const metrics = await gateway.metrics();
    expect(metrics.get('stream_resumes_total')).toBe(1000);
    // While this machine is busy the main thread may be late, which is a reason of its own to refuse; no limit of ours is.
    for (const cause of ['streams', 'handshakes', 'descriptors']) {
      expect(metrics.get(`overload_refusals_total{cause="${cause}"}`)).toBe(0);
    }
    for (const cause of ['address', 'pending'])
      expect(metrics.get(`connections_refused_total{cause="${cause}"}`)).toBe(0);
    expect(metrics.get('messages_dropped_total{reason="rate_limit"}')).toBe(0);
    for (const client of second) client.socket.terminate();
  }));

test('a thousand calls that come back when an outage ends, each with ten seconds of audio at once', async () => {
  const gateway = await start('--resume-grace-ms', '60000');
  const dial = (call: number) =>
    RawPeer.open(gateway.port, upgradeRequest('/audio', [`x-ms-call-connection-id: call ${call}`]));
  const greeting = (call: number) => frame({ payload: metadata(`subscription ${call}`) });
  const calls = Array.from({ length: 1000 }, (_, call) => call);
  const first = await Promise.all(calls.map(dial));
  first.forEach((peer, call) => {
    peer.write(Buffer.concat([greeting(call), frame({ payload: audio(0) })]));
  });
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 1000);
  await sleep(wholeSecondMs);
  for (const peer of first) peer.reset();
  await eventually(async () => (await gateway.metrics()).get('streams_active') === 0);
  const second = await Promise.all(calls.map(dial));
  const tenSeconds = Buffer.concat(Array.from({ length: 500 }, (_, n) => frame({ payload: audio(n + 1) })));
  for (const call of calls) second[call]!.write(Buffer.concat([greeting(call), tenSeconds]));
  const committed = async () => (await gateway.metrics()).get('frames_committed_total')!;
  // A busy machine takes minutes for them; but it gets on.
  for (let [seen, seenMs] = [-1, 0]; seen < 501_000; ) {
    const now = await committed();
    if (now > seen) [seen, seenMs] = [now, performance.now()];
    expect(performance.now() - seenMs, `since ${seen} frames`).toBeLessThan(20_000);
    await sleep(100);
  }
  const metrics = await gateway.metrics();
  expect(metrics.get('stream_resumes_total')).toBe(1000);
  expect(metrics.get('messages_total{outcome="dropped"}')).toBe(0);
  for (const peer of second) peer.reset();
});
