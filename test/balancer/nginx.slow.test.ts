/** deploy/nginx/nginx.conf, in a real nginx. */
import { expect } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { judgingTimes } from '../support/starvation.ts';
import { dial, hangUp } from './client.ts';
import { Fleet } from './fleet.ts';
import { checkNginx, startNginx } from './nginx.ts';
import { balancerScenarios } from './scenarios.ts';

const test = testNeeding('nginx');

balancerScenarios(test, startNginx);

test('nginx -t finds nothing to complain about', () => {
  const checked = checkNginx({ folder: temporaryFolder(), gateways: ['127.0.0.1:8081', '127.0.0.1:8082'] });
  expect(checked.output).not.toMatch(/warn|emerg|alert/);
  expect(checked).toMatchObject({ code: 0, output: expect.stringContaining('test is successful') });
});

test(
  'the log says who sent a newcomer on, and a gateway that is back is used at once, long streams or not',
  judgingTimes(async () => {
    const fleet = await Fleet.start(startNginx);
    const [staying, leaving] = [await dial(fleet.url()), await dial(fleet.url())];
    expect(await fleet.spread(2)).toEqual([1, 1]);
    fleet.gateways[1]!.signal('SIGTERM');
    await eventually(async () => (await fleet.gateways[1]!.admin('/readyz')).status === 503);
    await hangUp(await dial(fleet.url()));
    await hangUp(await dial(fleet.url()));
    const sentOn = () => fleet.balancer.process.records().filter(({ answers }) => answers === '503, 101').length;
    await eventually(() => sentOn() > 0);

    await hangUp(leaving);
    await fleet.gateways[1]!.exit();
    await fleet.startAgain(1);
    // Those that are sent there do not end.
    for (let call = 0; call < 5; call++) expect((await dial(fleet.url())).status).toBe(101);
    expect(await fleet.spread(6)).toEqual([3, 3]);
    expect(await hangUp(staying)).toBe(1000);
  }),
);

test('stub_status counts connections, and /healthz answers', async () => {
  const fleet = await Fleet.start(startNginx, { areShared: true });
  await dial(fleet.url());
  const { statusUrl } = fleet.balancer;
  expect(await (await fetch(`${statusUrl}/nginx_status`)).text()).toMatch(/^Active connections: [2-9] /);
  expect((await fetch(`${statusUrl}/healthz`)).status).toBe(200);
});
