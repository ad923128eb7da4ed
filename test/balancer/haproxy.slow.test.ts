/** deploy/haproxy/haproxy.cfg, in a real HAProxy. */
import { execFileSync } from 'node:child_process';
import { expect, onTestFinished } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { judgingTimes } from '../support/starvation.ts';
import { dial } from './client.ts';
import { Fleet } from './fleet.ts';
import { checkHaproxy, commandOf, startHaproxy } from './haproxy.ts';
import { balancerScenarios } from './scenarios.ts';

const test = testNeeding('haproxy');

balancerScenarios(test, startHaproxy);

test('haproxy -c finds nothing to complain about', () => {
  const checked = checkHaproxy({ folder: temporaryFolder(), gateways: ['127.0.0.1:8081', '127.0.0.1:8082'] });
  expect(checked.output).not.toMatch(/WARNING|ALERT/);
  expect(checked).toMatchObject({ code: 0, output: expect.stringContaining('Configuration file is valid') });
});

test('the command at its top that reloads it does: another worker, the same master, and a stream that continues', async () => {
  const fleet = await Fleet.start(startHaproxy);
  const { process: haproxy } = fleet.balancer;
  const caller = await dial(fleet.url());
  const [before] = haproxy.workers();
  execFileSync('sh', ['-c', commandOf('kill', haproxy.folder)]);
  await eventually(() => haproxy.workers().length === 2);
  expect(haproxy.workers()).toContain(before);
  caller.socket.close(1000);
  expect(await caller.closed).toBe(1000);
});

test(
  'metrics and health say which gateway takes streams; a drain is known within two seconds, and its streams stay',
  judgingTimes(async () => {
    const fleet = await Fleet.start(startHaproxy);
    const { statusUrl } = fleet.balancer;
    const isUp = async (index: number) => {
      const text = await (await fetch(`${statusUrl}/metrics`)).text();
      return text.includes(`haproxy_server_status{proxy="gateways",server="gateway-${index + 1}",state="UP"} 1`);
    };
    expect([await isUp(0), await isUp(1)]).toEqual([true, true]);
    expect((await fetch(`${statusUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${statusUrl}/stats`)).status).toBe(200);

    const callers = [await dial(fleet.url()), await dial(fleet.url())];
    expect(await fleet.spread(2)).toEqual([1, 1]);
    fleet.gateways[0]!.signal('SIGTERM');
    const signalled = performance.now();
    await eventually(async () => !(await isUp(0)));
    expect(performance.now() - signalled).toBeLessThan(2000);
    expect([await isUp(1), (await fetch(`${statusUrl}/healthz`)).status]).toEqual([true, 200]);
    expect(await fleet.streams()).toEqual([1, 1]);
    expect(fleet.balancer.process.logs()).toContain('Layer7 wrong status, code: 503');

    fleet.gateways[1]!.signal('SIGTERM');
    await eventually(async () => (await fetch(`${statusUrl}/healthz`)).status === 503);
    expect((await dial(fleet.url())).status).toBe(503);
    for (const { socket, closed } of callers) {
      socket.close(1000);
      expect(await closed).toBe(1000);
    }
  }),
);

test(
  'newcomers of a gateway that hangs are taken by the other one, and its streams go on when it does',
  judgingTimes(async () => {
    const fleet = await Fleet.start(startHaproxy);
    const [hanging] = fleet.gateways;
    const callers = [await dial(fleet.url()), await dial(fleet.url())];
    hanging!.signal('SIGSTOP');
    onTestFinished(() => hanging!.signal('SIGCONT'));
    const dialled = performance.now();
    const newcomers = await Promise.all([0, 1, 2, 3].map(() => dial(fleet.url())));
    expect(newcomers.map(({ status }) => status)).toEqual([101, 101, 101, 101]);
    expect(performance.now() - dialled).toBeLessThan(6000);
    hanging!.signal('SIGCONT');
    expect(await fleet.spread(6)).toEqual([1, 5]);
    for (const { socket, closed } of callers) {
      socket.close(1000);
      expect(await closed).toBe(1000);
    }
    await eventually(() => fleet.balancer.process.records().length >= 2);
  }),
);

test('one that is full says so to what stands in front of it, until a stream ends', async () => {
  const fleet = await Fleet.start(startHaproxy, { areShared: true, streams: 2 });
  const health = async () => (await fetch(`${fleet.balancer.statusUrl}/healthz`)).status;
  const first = await dial(fleet.url());
  await eventually(async () => (await health()) === 200);
  const second = await dial(fleet.url());
  expect([first.status, second.status]).toEqual([101, 101]);
  expect(await health()).toBe(503);
  second.socket.close(1000);
  await eventually(async () => (await health()) === 200);
});
