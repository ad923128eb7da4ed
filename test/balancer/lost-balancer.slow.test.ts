/**
 * Two real HAProxies in front of the same two gateways, as the pods of deploy/kubernetes are: one is lost, or goes, and its callers
 * dial the other one. The cloud's balancer in front of both is the test's choice of address.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { always, judgingTimes } from '../support/starvation.ts';
import { type Balancer, balancerUrl } from './balancer.ts';
import { dial } from './client.ts';
import { endSharedGateways, Fleet } from './fleet.ts';
import { startHaproxy } from './haproxy.ts';

const test = testNeeding('haproxy');
afterAll(endSharedGateways);

const calls = 60;

/** A second HAProxy for the gateways of a fleet. */
async function another(fleet: Fleet): Promise<Balancer> {
  const folder = join(temporaryFolder(), 'balancer');
  mkdirSync(folder);
  const gateways = fleet.gateways.map(({ port }) => `127.0.0.1:${port}`) as [string, string];
  const balancer = await startHaproxy({ folder, gateways });
  onTestFinished(() => balancer.process.stop());
  return balancer;
}

test(
  'a balancer is killed: its callers dial anew at once, all are taken by the other one, whose streams notice nothing',
  judgingTimes(async () => {
    const fleet = await Fleet.start(startHaproxy);
    const lost = await another(fleet);
    const seconds = Math.round(6 * fleet.slowness);
    const staying = fleet.play('--calls', String(calls), '--duration', `${seconds}s`);
    await fleet.spread(calls);
    const cut = startSimulator(
      balancerUrl(lost),
      '--insecure',
      '--participants',
      '0',
      '--seed',
      '99',
      '--calls',
      String(calls),
      '--duration',
      '60s',
    );
    await fleet.spread(2 * calls);

    await lost.process.kill();
    const again = fleet.play('--calls', String(calls), '--duration', '1s');
    expect(await cut.report).toMatchObject({ ok: false, calls: { ended_early: calls }, closes: { 1006: calls } });
    expect(await again.report).toMatchObject({ ok: true, calls: { completed: calls, refused: 0, failed: 0 } });
    expect(await staying.report).toMatchObject({ ok: true, calls: { completed: calls }, closes: { 1000: calls } });
    // The gateways know at once that the streams are gone: their places are free.
    await fleet.spread(0);
    const ends = await Promise.all(fleet.gateways.map((gateway) => gateway.drain()));
    await always(() => {
      for (const { code, last } of ends) expect([code, last['unaccounted']]).toEqual([0, 0]);
    });
  }),
);

test(
  'a balancer drains: newcomers go to the other one, its own streams last until they end, and its ports are closed meanwhile',
  judgingTimes(async () => {
    const fleet = await Fleet.start(startHaproxy);
    const going = await another(fleet);
    const seconds = Math.round(5 * fleet.slowness);
    const flags = ['--insecure', '--participants', '0', '--calls', String(calls), '--duration', `${seconds}s`];
    const leaving = startSimulator(balancerUrl(going), ...flags);
    await fleet.spread(calls);

    going.process.drain();
    await eventually(async () => (await dial(balancerUrl(going))).status === 0);
    await expect(fetch(`${going.statusUrl}/healthz`)).rejects.toThrow();
    const arriving = fleet.play('--calls', String(calls), '--ramp', '1s', '--duration', '1s');
    expect(await arriving.report).toMatchObject({ ok: true, calls: { completed: calls, refused: 0, failed: 0 } });
    expect(await leaving.report).toMatchObject({ ok: true, calls: { completed: calls }, closes: { 1000: calls } });
    await eventually(() => going.process.workers().length === 0);
  }),
);
