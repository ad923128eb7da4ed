/**
 * The fleet of deploy/kubernetes in small: three real HAProxies, each with a thirtieth of the cores and streams of its pod, in front
 * of two gateways. Newcomers, a drain and the loss of a balancer at the fill that the autoscaler aims at.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { balancerSize } from '../../deploy/kubernetes/balancer-size.ts';
import { CpuQuota } from '../support/cpu-quota.ts';
import { temporaryFolder } from '../support/folders.ts';
import { testNeeding } from '../support/needs.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { always, judgingTimes } from '../support/starvation.ts';
import { type Balancer, balancerUrl } from './balancer.ts';
import { Fleet } from './fleet.ts';
import { startHaproxy } from './haproxy.ts';

const test = testNeeding('haproxy', 'cpu quota');

const size = balancerSize(4500);
const scale = 30;
const planned = size.plannedStreams / scale;
/** A tick of the kernel's accounts. */
const tickSeconds = 0.01;

interface Small {
  readonly balancer: Balancer;
  readonly quota: CpuQuota;
}

async function start(gateways: readonly [string, string]): Promise<Small> {
  const folder = join(temporaryFolder(), 'balancer');
  mkdirSync(folder);
  const balancer = await startHaproxy({ folder, gateways, streams: size.streams / scale });
  const quota = new CpuQuota(size.requestCores / scale);
  onTestFinished(async () => {
    await balancer.process.stop();
    quota.remove();
  });
  for (const pid of balancer.process.workers()) quota.add(pid);
  return { balancer, quota };
}

/** Cores that the workers use, of their quota, over some seconds. */
async function useOf({ balancer, quota }: Small, seconds: number): Promise<number> {
  const used = () =>
    balancer.process.workers().reduce((sum, pid) => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      return sum + (Number(fields[11]) + Number(fields[12])) * tickSeconds;
    }, 0);
  const before = used();
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  return (used() - before) / seconds / quota.cores;
}

test(
  'at the planned fill: a balancer is killed and its callers are taken by the others; one drains; nobody else notices',
  judgingTimes(async () => {
    const fleet = await Fleet.start(startHaproxy, { flags: ['--max-streams', '2000'] });
    const gateways = fleet.gateways.map(({ port }) => `127.0.0.1:${port}`) as [string, string];
    const [first, second, lost] = [await start(gateways), await start(gateways), await start(gateways)];
    let seed = 100;
    const play = ({ balancer }: Small, calls: number, duration: string) =>
      startSimulator(
        balancerUrl(balancer),
        ...['--insecure', '--participants', '0', '--seed', String(seed++)],
        ...['--calls', String(calls), '--ramp', '3s', '--duration', duration],
      );
    const cut = play(lost, planned, '60s');
    const staying = [play(first, planned, '16s'), play(second, planned, '16s')];
    await fleet.spread(3 * planned);
    const before = await useOf(first, 3);

    await lost.balancer.process.kill();
    // Half to each of those who are left, at once.
    const again = [first, second].map((small) => play(small, planned / 2, '8s'));
    expect(await cut.report).toMatchObject({ calls: { ended_early: planned }, closes: { 1006: planned } });
    await fleet.spread(3 * planned);
    const after = await useOf(first, 3);
    const { periods, throttled } = first.quota.throttled;
    console.info(
      `of its quota a balancer used ${before.toFixed(2)}, after the loss ${after.toFixed(2)}; waited in ${throttled} of ${periods} periods`,
    );

    // And one of the two goes.
    second.balancer.process.drain();
    for (const { report } of [...again, ...staying])
      expect(await report).toMatchObject({ ok: true, calls: { refused: 0, failed: 0, ended_early: 0 } });
    const ends = await Promise.all(fleet.gateways.map((gateway) => gateway.drain()));
    await always(() => {
      for (const { code, last } of ends) expect([code, last['unaccounted'], last['streamsCut']]).toEqual([0, 0, 0]);
    });
  }),
);
