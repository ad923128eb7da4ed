/** SIGUSR2 replaces the processes one by one: no call is cut that ends within the drain timeout, and newcomers find a process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { eventually } from '../support/gateway-process.ts';
import { unlessStarved } from '../support/starvation.ts';
import { callIn, pidsOf, startSeveral } from './several.ts';

test('processes are replaced one by one under calls and newcomers', () =>
  unlessStarved(async () => {
    const gateway = await startSeveral('--drain-timeout-ms', '60000');
    const { url } = gateway;
    const old = pidsOf(gateway);
    const calls = simulateCalls({ url, calls: 60, participants: 1, durationMs: 8_000, seed: 44 });
    const newcomers: Promise<{ readonly ok: boolean }>[] = [];
    await eventually(async () => (await gateway.metrics()).get('streams_active')! >= 60);
    gateway.signal('SIGUSR2');
    for (let n = 0; !gateway.log.some(({ msg }) => msg === 'processes replaced'); n++) {
      newcomers.push(simulateCalls({ url, calls: 2, participants: 1, durationMs: 300, seed: 100 + n }));
      await sleep(80);
    }
    expect((await calls).closes).toEqual({ 1000: 60 });
    const reports = await Promise.all(newcomers);
    expect(reports.filter(({ ok }) => !ok)).toEqual([]);
    expect(pidsOf(gateway).length).toBe(4);
    const metrics = await gateway.metrics();
    expect(metrics.get('process_restarts_total{cause="replaced"}')).toBe(2);
    expect(metrics.get('upgrades_total{result="accepted"}')).toBe(60 + 2 * reports.length);
    expect(metrics.get('stream_capacity')).toBe(10_000);
    expect(metrics.get('messages_unaccounted')).toBe(0);
    const { code, last } = await gateway.drain();
    expect([code, last['streamsCut'], last['unaccounted']]).toEqual([0, 0, 0]);
    expect(last['received']).toBe(metrics.get('messages_received_total'));
    expect(pidsOf(gateway).slice(0, 2)).toEqual(old);
  }));

test('a drain in the middle of a replacement ends all of them', async () => {
  const gateway = await startSeveral('--drain-timeout-ms', '60000');
  const call = await callIn(gateway, 0, 'here');
  gateway.signal('SIGUSR2');
  await eventually(() => gateway.log.some(({ msg }) => msg === 'draining'));
  gateway.signal('SIGTERM');
  await sleep(300);
  await call.hangUp();
  expect(await gateway.exit()).toBe(0);
  expect(gateway.log.at(-1)).toMatchObject({ msg: 'drained', committed: 1, streamsCut: 0 });
});
