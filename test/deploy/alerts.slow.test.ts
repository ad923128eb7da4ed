/**
 * The alerts, end to end: conditions are caused at real gateways through their sockets, signals and files; a real Prometheus
 * with the real rules notices; a real Alertmanager with the real routes delivers to a web server. Only the clock of rules
 * and routes runs faster, and by the same factor everywhere.
 *
 * Not caused here, but in deploy/prometheus/tests: AccountingBroken (would need a fault of ours), WorkersSaturated (takes all that a machine has), OpenFilesHigh (thousands of
 * open files), MessagesDropped because of lane_full or worker_lost, NoAudio of streams that end as idle, and Down because
 * there is no target.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { Starvation } from '../support/starvation.ts';
import { Alerting } from './alerting.ts';
import { Scenarios, slowSinkName } from './scenarios.ts';

const arrivalMsMax = 40_000;
/** Where everything gets its turn late, so do Prometheus and the Alertmanager, one behind the other. */
const busyFactor = 3;
/** How long a gateway must do nothing wrong. The slowest alert takes 15 s: 5 min and 5 min, 40 times as fast. */
const healthyMs = 20_000;

/** A gateway on a machine that has other things to do is late, honestly, and late audio is irregular. */
const ofTheMachine = /EventLoopDelayed|ResidenceHigh|JitterHigh/;
/** And one that was seen to be busy may answer a scrape, which gets a fortieth of its time, too late, let callers wait, or refuse them. */
const ofABusyMachine = /EventLoopDelayed|ResidenceHigh|JitterHigh|StreamsStalled|UpgradesRefused|Down/;

function instanceOf(gateway: GatewayProcess): string {
  return `127.0.0.1:${gateway.adminPort}`;
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  await using machine = await Starvation.watch();
  const begunMs = Date.now();
  for (;;) {
    const askedMs = performance.now();
    if (await condition()) return;
    if (Date.now() > begunMs + arrivalMsMax * (machine.wakesLate ? busyFactor : 1))
      throw new Error(`not in time: ${what}`);
    // Both servers have enough to do: a question costs them more than us.
    const pauseMs = Math.min(500, Math.max(50, 20 * (performance.now() - askedMs)));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

describe('alerts', needs('prometheus', 'prometheus-alertmanager'), () => {
  const scenarios = new Scenarios();
  const names = [
    'impaired',
    'small',
    'tight',
    'silent',
    'stopping',
    'stuttering',
    'broken',
    'slow',
    'locked',
    'wandering',
    'lossy',
  ] as const;
  let gateways: Record<(typeof names)[number], GatewayProcess>;
  let alerting: Alerting;
  let machine: Starvation;
  const sinks = { broken: join(scenarios.folder, 'broken') };

  beforeAll(async () => {
    machine = await Starvation.watch();
    const flags: Record<(typeof names)[number], string[]> = {
      impaired: [],
      small: ['--max-streams', '10'],
      tight: ['--ring-memory-mb', '1'],
      // They are still there when it is their turn, however late that is.
      silent: ['--idle-timeout-ms', '600000'],
      stopping: ['--drain-timeout-ms', '1500'],
      // More is in the lane whenever the process is stopped.
      stuttering: ['--flush-interval-ms', '10'],
      broken: ['--sink', `wav:${sinks.broken}`],
      slow: ['--sink', scenarios.slowSink(), '--ring-seconds', '1'],
      locked: ['--auth', 'token', '--auth-token', 'right'],
      wandering: [],
      lossy: [],
    };
    const started = await Promise.all(names.map((name) => scenarios.gateway(...flags[name])));
    gateways = Object.fromEntries(names.map((name, index) => [name, started[index]!])) as typeof gateways;
    alerting = await Alerting.start(
      scenarios.folder,
      started.map(({ adminPort }) => adminPort),
    );
    await until('a first scrape of every gateway', async () => (await alerting.query('sum(up)')) === names.length);

    scenarios.breakFolder(sinks.broken);
    scenarios.calls(gateways.broken, { calls: 10, churn: 5 });
    await scenarios.silence(gateways.silent, 6);
    await scenarios.flood(gateways.slow);
    scenarios.knock(gateways.locked);
    await Promise.all([
      scenarios.callsLetIn(gateways.impaired, { calls: 10, loss: 0.05, jitterMs: 250, malformed: 0.05 }),
      scenarios.callsLetIn(gateways.stuttering, { calls: 20, participants: 2 }),
      scenarios.callsLetIn(gateways.small, { calls: 9 }),
      scenarios.callsLetIn(gateways.tight, { calls: 4, participants: 2 }),
      scenarios.callsLetIn(gateways.stopping, { calls: 5 }),
      wanderingCalls(gateways.wandering, {}),
      wanderingCalls(gateways.lossy, { loss: 0.05 }),
    ]);
    scenarios.stutter(gateways.stuttering);
    const active = `acs_gateway_streams_active{instance="${instanceOf(gateways.stopping)}"}`;
    await until('a scrape with calls', async () => (await alerting.query(active)) === 5);
    gateways.stopping.signal('SIGTERM');
  });

  afterAll(async () => {
    await alerting?.stop();
    await scenarios.stop();
    await machine[Symbol.asyncDispose]();
  });

  /** Some calls of each kind of timestamps that a bot may make. */
  async function wanderingCalls(gateway: GatewayProcess, impairments: { readonly loss?: number }): Promise<void> {
    for (const stamping of [{ stampJitterMs: 40 }, { stampGridMs: 15.625 }, { stampDriftPpm: 400 }]) {
      await scenarios.callsLetIn(gateway, { calls: 3, ...stamping, ...impairments });
    }
  }

  async function arrives(name: (typeof names)[number], labels: Record<string, string>): Promise<void> {
    const wanted = { ...labels, alertname: `AcsGateway${labels['alertname']}`, instance: instanceOf(gateways[name]) };
    try {
      await until(JSON.stringify(wanted), () => alerting.firing(wanted) !== undefined);
    } catch (error) {
      const had = new Set(alerting.received.map((each) => `${each.status} ${JSON.stringify(each.labels)}`));
      throw new Error(`${(error as Error).message}; arrived: ${[...had].join('\n')}`);
    }
    const { receiver, annotations } = alerting.firing(wanted)!;
    expect(receiver).toBe(labels['severity'] === 'critical' ? 'pager' : 'tickets');
    expect(annotations['summary']).toContain(wanted.instance);
    expect(JSON.stringify(annotations)).not.toMatch(/no value|%!/);
  }

  test('DrainForced: SIGTERM while calls are open, which last longer than the drain', async () => {
    expect(await gateways.stopping.exit()).toBe(0);
    expect(gateways.stopping.log.at(-1)).toMatchObject({ msg: 'drained', streamsCut: 5 });
    await arrives('stopping', { alertname: 'DrainForced', severity: 'warning' });
  });

  test('Down: the same process is gone, which does not hide that calls were cut', async () => {
    await arrives('stopping', { alertname: 'Down', severity: 'critical' });
    expect(await alerting.inhibited(instanceOf(gateways.stopping))).not.toContain('AcsGatewayDrainForced');
  });

  test('FramesMissing: not for timestamps that wander, but for the same with loss', async () => {
    await arrives('lossy', { alertname: 'FramesMissing', severity: 'warning' });
    const instance = `instance="${instanceOf(gateways.wandering)}"`;
    // It was watched for as long, and is not even pending.
    expect(await alerting.query(`acs_gateway:frames_missing:ratio5m{${instance}}`)).toBeLessThan(0.01);
    expect(await alerting.query(`count(ALERTS{alertname="AcsGatewayFramesMissing",${instance}})`)).toBeNull();
  });

  test('FramesMissing, JitterHigh and MessagesRefused: loss, jitter and malformed messages', async () => {
    await arrives('impaired', { alertname: 'FramesMissing', severity: 'warning' });
    await arrives('impaired', { alertname: 'JitterHigh', severity: 'warning' });
    for (const reason of ['malformed_json', 'malformed_audio']) {
      await arrives('impaired', { alertname: 'MessagesRefused', severity: 'warning', reason });
    }
  });

  test('NearCapacity at nine of ten streams; then UpgradesRefused, which says more and silences it', async () => {
    await arrives('small', { alertname: 'NearCapacity', severity: 'warning' });
    scenarios.calls(gateways.small, { calls: 12 });
    await arrives('small', { alertname: 'UpgradesRefused', severity: 'critical' });
    await until('silence about what is obvious', async () =>
      (await alerting.inhibited(instanceOf(gateways.small))).includes('AcsGatewayNearCapacity'),
    );
  });

  test('RingMemoryHigh at eight of nine rings; then MessagesDropped, until there is room again', async () => {
    await arrives('tight', { alertname: 'RingMemoryHigh', severity: 'warning' });
    const surplus = await scenarios.callsLetIn(gateways.tight, { calls: 1, participants: 6 });
    await arrives('tight', { alertname: 'MessagesDropped', severity: 'warning', reason: 'ring_memory' });
    await arrives('tight', { alertname: 'MessagesDropped', severity: 'critical', reason: 'ring_memory' });
    const inhibited = await alerting.inhibited(instanceOf(gateways.tight));
    expect(inhibited).toEqual(expect.arrayContaining(['AcsGatewayMessagesDropped', 'AcsGatewayRingMemoryHigh']));
    await surplus.stop();
    await until('the all-clear', () =>
      alerting.received.some(
        ({ status, labels }) =>
          status === 'resolved' && labels['severity'] === 'critical' && labels['reason'] === 'ring_memory',
      ),
    );
  });

  test('ResidenceHigh and EventLoopDelayed of both threads: a process that does not get its time', async () => {
    await arrives('stuttering', { alertname: 'EventLoopDelayed', severity: 'warning', thread: 'main' });
    await arrives('stuttering', { alertname: 'EventLoopDelayed', severity: 'warning', thread: 'decoder:0' });
    await arrives('stuttering', { alertname: 'ResidenceHigh', severity: 'warning' });
  });

  test('SinkErrors: the folder of the recordings is not there any more', async () => {
    const sink = `wav:${sinks.broken}`;
    await arrives('broken', { alertname: 'SinkErrors', severity: 'warning', sink });
    await arrives('broken', { alertname: 'SinkErrors', severity: 'critical', sink });
  });

  test('SinkLapped: audio comes faster than a sink reads', async () => {
    const sink = slowSinkName;
    await arrives('slow', { alertname: 'SinkLapped', severity: 'warning', sink });
    await arrives('slow', { alertname: 'SinkLapped', severity: 'critical', sink });
  });

  test('NoAudio: calls that are connected and say nothing; then Down, when it is killed, silences it', async () => {
    await arrives('silent', { alertname: 'NoAudio', severity: 'critical' });
    const inhibited = () => alerting.inhibited(instanceOf(gateways.silent));
    await until('StreamsStalled, which says less', async () =>
      (await inhibited()).includes('AcsGatewayStreamsStalled'),
    );
    await gateways.silent.kill();
    await arrives('silent', { alertname: 'Down', severity: 'critical' });
    expect(await alerting.inhibited(instanceOf(gateways.silent))).toContain('AcsGatewayNoAudio');
  });

  test('AuthFailures: nobody who comes has the right token', async () => {
    await arrives('locked', { alertname: 'AuthFailures', severity: 'critical' });
  });

  test('no gateway had an alert that nothing was done for', () => {
    const caused: Record<(typeof names)[number], RegExp> = {
      impaired: /FramesMissing|MessagesRefused/,
      small: /NearCapacity|UpgradesRefused/,
      tight: /RingMemoryHigh|MessagesDropped/,
      silent: /StreamsStalled|NoAudio|Down/,
      stopping: /DrainForced|Down/,
      stuttering: /^$/,
      broken: /SinkErrors/,
      slow: /SinkLapped/,
      locked: /AuthFailures/,
      wandering: /^$/,
      lossy: /FramesMissing/,
    };
    for (const name of names) {
      const instance = instanceOf(gateways[name]);
      const arrived = alerting.received.filter(({ labels }) => labels['instance'] === instance);
      if (name !== 'wandering') expect(arrived.length, name).toBeGreaterThan(0);
      for (const { labels } of arrived) {
        const excused = machine.wakesLate ? ofABusyMachine : ofTheMachine;
        if (!excused.test(labels['alertname']!)) expect(labels['alertname'], name).toMatch(caused[name]);
      }
    }
  });
});

describe('a healthy gateway', needs('prometheus', 'prometheus-alertmanager'), () => {
  test('alerts nobody, for longer than any alert takes', async () => {
    await using machine = await Starvation.watch();
    const scenarios = new Scenarios();
    const gateway = await scenarios.gateway('--sink', `wav:${join(scenarios.folder, 'recordings')}`);
    const alerting = await Alerting.start(scenarios.folder, [gateway.adminPort]);
    try {
      scenarios.calls(gateway, { calls: 10, participants: 2, silence: 0.2, churn: 1 });
      await new Promise((resolve) => setTimeout(resolve, healthyMs));
      // It was watched, and there was something to see.
      expect(await alerting.query('acs_gateway:frames_committed:rate1m')).toBeGreaterThan(500);
      expect(await alerting.query('count(acs_gateway:eventloop_delay_seconds:p99_5m)')).toBe(3);
      const isExcused = (alert: string) => machine.wakesLate && ofABusyMachine.test(alert);
      expect(alerting.received.filter(({ labels }) => !isExcused(labels['alertname']!))).toEqual([]);
      const firing = machine.wakesLate
        ? `ALERTS{alertstate="firing",alertname!~".*(${ofABusyMachine.source})"}`
        : 'ALERTS{alertstate="firing"}';
      expect(await alerting.query(`count(${firing})`)).toBeNull();
    } finally {
      await alerting.stop();
      await scenarios.stop();
    }
  });
});
