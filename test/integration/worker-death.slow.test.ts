/** A decode worker dies under load, in each of the ways in which it can: what it had in hand is counted, and nothing else happens. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { expectedTimeline } from '../../src/simulator/timeline.ts';
import { faultMessage, faults } from '../decoder/faulty-decoder.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { nodeOptions } from '../support/node-options.ts';
import { always, judgingTimes } from '../support/starvation.ts';

const preload = new URL('../decoder/faulty-decoder.ts', import.meta.url).href;

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.startIn({ NODE_OPTIONS: nodeOptions(preload) }, ...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

async function lost(gateway: GatewayProcess): Promise<number> {
  return (await gateway.metrics()).get('messages_dropped_total{reason="worker_lost"}')!;
}

test.each(faults)('by %s: one message is lost, its stream and all others go on', async (fault) => {
  const gateway = await start('--workers', '2');
  // One stream in each lane.
  const [victim, other] = [await AcsClient.connect(gateway.url), await AcsClient.connect(gateway.url)];
  for (const client of [victim, other]) client.send(metadata(fault + (client === victim)), audio(0));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 2);
  victim.send(faultMessage(fault), audio(1));
  other.send(audio(1));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 4);
  expect(await lost(gateway)).toBe(1);
  const streams = await gateway.streams();
  expect(streams.map(({ dropped }) => dropped.worker_lost).toSorted()).toEqual([0, 1]);
  const lines = gateway.log.filter(({ msg }) => msg === 'decode worker lost');
  expect(lines).toHaveLength(1);
  for (const client of [victim, other]) await client.hangUp();
  expect((await gateway.drain()).last).toMatchObject({ msg: 'drained', unaccounted: 0, received: 7, committed: 4 });
});

test(
  'again and again beneath 200 streams: every recording is what was sent, and the account is exact',
  judgingTimes(async () => {
    const folder = temporaryFolder();
    const gateway = await start('--sink', `pcm:${folder}`, '--workers', '2');
    const saboteur = await AcsClient.connect(gateway.url);
    const options = { calls: 200, durationMs: 5000, seed: 77 };
    const running = simulateCalls({ ...options, url: gateway.url });
    const deaths = 6;
    for (let n = 0; n < deaths; n++) {
      await new Promise((resolve) => setTimeout(resolve, 600));
      saboteur.send(faultMessage(n % 2 === 0 ? 'exit' : 'throw'));
    }
    const { ok, perCall } = await running;
    expect(ok).toBe(true);
    await eventually(async () => (await lost(gateway)) === deaths);
    const metrics = await gateway.metrics();
    await always(() => expect(metrics.get('messages_unaccounted')).toBe(0));
    await saboteur.hangUp();
    expect((await gateway.drain()).last).toMatchObject({ msg: 'drained', unaccounted: 0 });
    expect(readdirSync(folder)).toHaveLength(200);
    const wrong = perCall.filter(({ call, callConnectionId }) => {
      const recorded = readFileSync(join(folder, callConnectionId, 'mixed.pcm'));
      return !recorded.equals(expectedTimeline(options, call, 0));
    });
    expect(wrong).toEqual([]);
  }),
);
