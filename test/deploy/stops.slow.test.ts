/**
 * Who was stopped and who died, and what a drain cut: gateways that end in every way there is, before a real Prometheus and Alertmanager with
 * the real rules, whose clock runs faster. Each way has its alerts, and no other one.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-ports.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { Starvation } from '../support/starvation.ts';
import { Alerting } from './alerting.ts';
import { arrived, arrives, excused, instanceOf, until } from './arrival.ts';
import { Scenarios } from './scenarios.ts';

const calls = 5;
/** Longer than Stopped takes, which is the slowest: 10 min, 40 times as fast. */
const watchedMs = 20_000;

/** What is expected of each, and of no other. */
const alertsOf = {
  healthy: [],
  rolled: [],
  scaledIn: [],
  together: ['Stopped'],
  idle: ['Stopped'],
  cut: ['DrainForced', 'Stopped'],
  killedDraining: ['DrainForced', 'Down'],
  died: ['Down'],
  hung: ['Down'],
} as const;
type Name = keyof typeof alertsOf;
const names = Object.keys(alertsOf) as Name[];

describe('stops', needs('prometheus', 'prometheus-alertmanager'), () => {
  const scenarios = new Scenarios();
  const gateways = {} as Record<Name, GatewayProcess>;
  let alerting: Alerting;
  let machine: Starvation;

  const sample = (metric: string, name: Name) =>
    alerting.query(`acs_gateway_${metric}{instance="${instanceOf(gateways[name])}"}`);

  /** Stops it, and waits until Prometheus has seen it drain under all its calls. */
  async function drainingWithCalls(name: Name): Promise<void> {
    gateways[name].signal('SIGTERM');
    await until(`${name} is seen draining`, async () => (await sample('draining', name)) === 1);
    expect(await sample('streams_active', name), name).toBe(calls);
  }

  beforeAll(async () => {
    machine = await Starvation.watch();
    const rolledPorts = ['--port', String(await freePort()), '--admin-port', String(await freePort())];
    await Promise.all(
      names.map(async (name) => {
        const flags = name === 'cut' ? ['--drain-timeout-ms', '2000'] : ['--drain-timeout-ms', '60000'];
        gateways[name] = await scenarios.gateway(...flags, ...(name === 'rolled' ? rolledPorts : []));
      }),
    );
    const ports = () => names.map((name) => gateways[name].adminPort);
    alerting = await Alerting.start(scenarios.folder, ports());
    await until('a scrape of every gateway', async () => (await alerting.query('sum(up)')) === names.length);
    const called = names.filter((name) => name !== 'idle');
    const runs = Object.fromEntries(
      await Promise.all(
        called.map(async (name) => [name, await scenarios.callsLetIn(gateways[name], { calls })] as const),
      ),
    );
    for (const name of called) {
      await until(`a scrape of the calls of ${name}`, async () => (await sample('streams_active', name)) === calls);
    }

    gateways.idle.signal('SIGTERM');
    await gateways.died.kill();
    gateways.hung.signal('SIGSTOP');
    await Promise.all((['cut', 'together', 'killedDraining', 'rolled', 'scaledIn'] as const).map(drainingWithCalls));
    await gateways.killedDraining.kill();
    // All at a time, and then nothing is left: between two scrapes.
    await Promise.all((['together', 'rolled', 'scaledIn'] as const).map((name) => runs[name]!.stop()));
    expect(await gateways.rolled.exit()).toBe(0);
    gateways.rolled = await scenarios.gateway(...rolledPorts);
    expect(await gateways.scaledIn.exit()).toBe(0);
    alerting.retarget(ports().filter((port) => port !== gateways.scaledIn.adminPort));
  });

  afterAll(async () => {
    await alerting?.stop();
    await scenarios.stop();
    await machine[Symbol.asyncDispose]();
  });

  test('each drain ended with 0, and the one that was too short has cut its calls', async () => {
    for (const name of ['idle', 'together', 'cut'] as const) {
      expect(await gateways[name].exit(), name).toBe(0);
      expect(gateways[name].log.at(-1), name).toMatchObject({ msg: 'drained', streamsCut: name === 'cut' ? calls : 0 });
    }
  });

  test('DrainForced: how many it has cut, or that it was killed', async () => {
    const labels = { alertname: 'DrainForced', severity: 'warning' };
    const cut = await arrives(alerting, gateways.cut, { ...labels, cause: 'drained' });
    expect(cut.annotations['description']).toContain(`cut ${calls} streams`);
    const killed = await arrives(alerting, gateways.killedDraining, labels);
    expect(killed.labels['cause']).toBeUndefined();
    expect(killed.annotations['description']).toContain(`it had ${calls} streams`);
  });

  test('Down: one that died, one that hangs, and one that was killed in its drain, of which DrainForced is not held back', async () => {
    for (const name of ['died', 'hung', 'killedDraining'] as const) {
      await arrives(alerting, gateways[name], { alertname: 'Down', severity: 'critical' });
    }
    expect(await alerting.inhibited(instanceOf(gateways.killedDraining))).not.toContain('AcsGatewayDrainForced');
  });

  test('Stopped: those that were told to, and are still targets; not what was replaced or taken out', async () => {
    for (const name of ['idle', 'together', 'cut'] as const) {
      await arrives(alerting, gateways[name], { alertname: 'Stopped', severity: 'warning' });
    }
    expect(await alerting.query(`up{instance="${instanceOf(gateways.rolled)}"}`)).toBe(1);
    expect(await alerting.query(`up{instance="${instanceOf(gateways.scaledIn)}"}`)).toBeNull();
  });

  test('each had its alerts and no other', async () => {
    await new Promise((resolve) => setTimeout(resolve, watchedMs));
    for (const name of names) {
      const wanted: readonly string[] = alertsOf[name];
      const had = [...arrived(alerting, gateways[name])];
      // Whose alerts are said to be its own, is judged however busy the machine is.
      const others = had.filter((alert) => !wanted.includes(alert));
      const isUnexcused = (alert: string) => /DrainForced|Stopped/.test(alert) || !excused(machine).test(alert);
      expect(others.filter(isUnexcused), name).toEqual([]);
      for (const alert of wanted) expect(had, name).toContain(alert);
    }
  });

  test('No gateway answers: when the last one is gone as well, for six minutes', async () => {
    for (const name of ['healthy', 'rolled'] as const) gateways[name].signal('SIGKILL');
    await until('an alert without a gateway', () => alerting.firing({ alertname: 'AcsGatewayDown' }) !== undefined);
    await until('the fleet is gone', () =>
      alerting.received.some(({ labels, status }) => status === 'firing' && labels['instance'] === undefined),
    );
    const found = alerting.received.find(({ labels }) => labels['instance'] === undefined)!;
    expect(found).toMatchObject({ receiver: 'pager', annotations: { summary: 'No gateway answers' } });
  });
});
