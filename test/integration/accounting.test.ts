/** What the gateway counts equals what the simulator did, exactly. */
import { expect, onTestFinished, test } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { frameCounts } from '../support/measurement.ts';

test("with loss, duplicates, swaps, silence and malformed messages every counter equals the simulator's own", async () => {
  const gateway = await GatewayProcess.start();
  onTestFinished(() => gateway.kill());
  const impairments = { loss: 0.02, duplicate: 0.02, reorder: 0.02, silence: 0.3, malformed: 0.05 };
  const { expected } = await simulateCalls({
    url: gateway.url,
    calls: 40,
    participants: 2,
    durationMs: 3000,
    seed: 21,
    ...impairments,
  });
  await eventually(async () => (await gateway.streams()).length === 0);
  const metrics = await gateway.metrics();

  expect({
    ...frameCounts(metrics),
    messages: {
      received: metrics.get('messages_received_total'),
      committed: metrics.get('messages_total{outcome="committed"}'),
      control: metrics.get('messages_total{outcome="control"}'),
      ignored: metrics.get('messages_total{outcome="ignored"}'),
      dropped: {
        malformed_json: metrics.get('messages_dropped_total{reason="malformed_json"}'),
        malformed_audio: metrics.get('messages_dropped_total{reason="malformed_audio"}'),
      },
    },
  }).toEqual(expected);
  expect(expected.messages.dropped.malformed_audio).toBeGreaterThan(0);
  expect((await gateway.drain()).last).toMatchObject({ msg: 'drained', unaccounted: 0 });
});

test('each participant of each stream is counted for itself', async () => {
  const gateway = await GatewayProcess.start();
  onTestFinished(() => gateway.kill());
  const { perCall } = await simulateCalls({
    url: gateway.url,
    calls: 5,
    participants: 3,
    durationMs: 2000,
    seed: 22,
    loss: 0.03,
    duplicate: 0.03,
    reorder: 0.03,
    silence: 0.2,
  });
  await gateway.drain();

  const ended = gateway.log.filter((line) => line.msg === 'stream ended');
  expect(ended).toHaveLength(5);
  for (const call of perCall) {
    const record = ended.find((line) => line['callConnectionId'] === call.callConnectionId)!;
    const participants = record['participants'] as readonly object[];
    expect(record).toMatchObject({
      subscriptionId: call.subscriptionId,
      mode: 'unmixed',
      closeCause: 'peer',
      closeCode: 1000,
    });
    for (const { id, ...counts } of call.participants)
      expect(participants).toContainEqual(expect.objectContaining(counts));
  }
});

test('a stream that sends nothing but garbage costs only itself', async () => {
  const gateway = await GatewayProcess.start();
  onTestFinished(() => gateway.kill());
  const [clean, garbage] = await Promise.all([
    simulateCalls({ url: gateway.url, calls: 5, participants: 0, durationMs: 1500, seed: 23 }),
    simulateCalls({ url: gateway.url, calls: 5, participants: 0, durationMs: 1500, seed: 24, malformed: 1 }),
  ]);
  const { last } = await gateway.drain();

  expect([clean.ok, garbage.ok]).toEqual([true, true]);
  expect(last).toMatchObject({ unaccounted: 0, committed: clean.expected.frames + garbage.expected.frames });
});
