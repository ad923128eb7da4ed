/** The admin port: health, streams, metrics. */
import { expect, onTestFinished, test } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

test('health is answered on both ports', async () => {
  const gateway = await start();
  for (const port of [gateway.port, gateway.adminPort]) {
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
    for (const path of ['healthz', 'readyz']) {
      expect((await fetch(`http://127.0.0.1:${port}/${path}`, { method: 'HEAD' })).status).toBe(200);
    }
  }
  expect((await gateway.admin('/nothing')).status).toBe(404);
});

test('/streams tells what each stream is and what became of its messages', async () => {
  const gateway = await start();
  const client = await AcsClient.connect(gateway.url, {
    'X-MS-Call-Connection-Id': 'call',
    'x-ms-call-correlation-id': 'correlation',
  });
  expect(await gateway.streams()).toMatchObject([{ mode: 'pending', state: 'open', callConnectionId: 'call' }]);
  client.send(metadata('subscription', 24_000), audio(0, Buffer.alloc(960), '4:+15550100'));
  client.send(audio(3, Buffer.alloc(960), '4:+15550100'), audio(3, Buffer.alloc(960), '4:+15550100'), 'garbage');
  await eventually(async () => (await gateway.streams())[0]!.committed === 3);
  const [stream] = await gateway.streams();
  expect(stream).toMatchObject({
    correlationId: 'correlation',
    subscriptionId: 'subscription',
    mode: 'unmixed',
    sampleRate: 24_000,
    remoteAddress: '127.0.0.1',
    state: 'open',
    messages: 5,
    committed: 3,
    dropped: { malformed_json: 1 },
    participants: [
      { id: '4:+15550100', frames: 3, missingFrames: 2, gaps: 1, duplicateFrames: 1, outOfOrderFrames: 0 },
    ],
  });
  const one = await gateway.admin(`/streams/${stream!.id}`);
  expect(await one.json()).toEqual(stream);
  await client.hangUp();
  await eventually(async () => (await gateway.admin(`/streams/${stream!.id}`)).status === 404);
});

test('mixed audio is one participant without an id', async () => {
  const gateway = await start();
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata(), audio(0));
  await eventually(async () => (await gateway.streams())[0]!.committed === 1);
  expect(await gateway.streams()).toMatchObject([{ mode: 'mixed', sampleRate: 16_000, participants: [{ id: null }] }]);
});

test('decode utilization is the share of time that workers spent decoding since the last scrape', async () => {
  const gateway = await start('--workers', '1');
  const scrape = async () => (await gateway.metrics()).get('decode_utilization')!;
  await scrape();
  await simulateCalls({ url: gateway.url, calls: 30, participants: 2, durationMs: 1500, seed: 31 });
  await eventually(async () => (await gateway.streams()).length === 0);
  const underLoad = await scrape();
  expect(underLoad).toBeGreaterThan(0);
  expect(underLoad).toBeLessThanOrEqual(1);
  // Too short a time after the last reading tells nothing new; after that nothing was decoded.
  expect(await scrape()).toBe(underLoad);
  // The rings of the last streams may still have been given back.
  await eventually(async () => (await scrape()) === 0);
});

test('every counter is there with 0 from the start, under its label values', async () => {
  const sink = `wav:${temporaryFolder()}`;
  const gateway = await start('--sink', sink);
  const metrics = await gateway.metrics();
  const zeros = [...metrics].filter(([, value]) => value === 0).map(([name]) => name);
  for (const reason of [
    'lane_full',
    'malformed_json',
    'malformed_audio',
    'unsupported_format',
    'participant_limit',
    'ring_memory',
    'worker_lost',
  ]) {
    expect(zeros).toContain(`messages_dropped_total{reason="${reason}"}`);
  }
  for (const result of [
    'accepted',
    'unauthorized',
    'forbidden',
    'not_found',
    'overloaded',
    'draining',
    'duplicate',
    'bad_request',
  ]) {
    expect(zeros).toContain(`upgrades_total{result="${result}"}`);
  }
  for (const cause of ['peer', 'idle', 'metadata_timeout', 'drained', 'superseded', 'too_big', 'error']) {
    expect(zeros).toContain(`stream_closes_total{cause="${cause}"}`);
  }
  expect(zeros).toContain(`sink_lapped_frames_total{sink="${sink}"}`);
  expect(zeros).toContain('frame_jitter_seconds_bucket{le="0.015"}');
  expect(zeros).toContain('lane_batch_frames_count{lane="0"}');
});
