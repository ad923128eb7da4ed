/**
 * The alerts about calls and audio, end to end: conditions are caused at real gateways through their sockets, signals and files; a real Prometheus
 * with the real rules notices; a real Alertmanager with the real routes delivers to a web server. Only the clock of rules
 * and routes runs faster, and by the same factor everywhere.
 * Those about stops and about resources: stops.slow.test.ts, resources.slow.test.ts.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { Starvation } from '../support/starvation.ts';
import { Alerting, type Notification } from './alerting.ts';
import { arrives as arrivesOf, excused, instanceOf, until } from './arrival.ts';
import { Scenarios, slowSinkName } from './scenarios.ts';

const blockingCalls = 5;
/** How long a gateway must do nothing wrong. The slowest alert takes 15 s: 5 min and 5 min, 40 times as fast. */
const healthyMs = 20_000;
/** And how long it drains under its calls: a minute and more of the alerts' time. */
const drainingMs = 2_000;

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
    'blocking',
  ] as const;
  let gateways: Record<(typeof names)[number], GatewayProcess>;
  let alerting: Alerting;
  let machine: Starvation;
  const sinks = { broken: join(scenarios.folder, 'broken') };

  beforeAll(async () => {
    machine = await Starvation.watch();
    const flags: Record<Exclude<(typeof names)[number], 'blocking'>, string[]> = {
      impaired: [],
      small: ['--max-streams', '10'],
      tight: ['--ring-memory-mb', '1'],
      // They are still there when it is their turn, however late that is.
      silent: ['--idle-timeout-ms', '600000', ...scenarios.speaking(10_000)],
      stopping: ['--drain-timeout-ms', '1500'],
      // More is in the lane whenever the process is stopped.
      stuttering: ['--flush-interval-ms', '10'],
      broken: ['--sink', `wav:${sinks.broken}`],
      slow: ['--sink', scenarios.slowSink(), '--ring-seconds', '1'],
      locked: ['--auth', 'token', '--auth-token', 'right'],
      wandering: [],
      lossy: [],
    };
    const started = await Promise.all(
      names.map((name) =>
        name === 'blocking' ? scenarios.blockingProgram(blockingCalls) : scenarios.gateway(...flags[name]),
      ),
    );
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
      scenarios.callsLetIn(gateways.blocking, { calls: blockingCalls }),
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

  function arrives(name: (typeof names)[number], labels: Record<string, string>): Promise<Notification> {
    return arrivesOf(alerting, gateways[name], labels);
  }

  test('DrainForced: SIGTERM while calls are open, which last longer than the drain', async () => {
    expect(await gateways.stopping.exit()).toBe(0);
    expect(gateways.stopping.log.at(-1)).toMatchObject({ msg: 'drained', streamsCut: 5 });
    const { annotations } = await arrives('stopping', {
      alertname: 'DrainForced',
      severity: 'warning',
      cause: 'drained',
    });
    expect(annotations['description']).toContain('cut 5 streams');
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

  test('PlaybackUnderruns and PlaybackClearSlow: a program whose main thread is held up', async () => {
    await arrives('blocking', { alertname: 'PlaybackUnderruns', severity: 'warning' });
    await arrives('blocking', { alertname: 'PlaybackClearSlow', severity: 'warning' });
  });

  test('PlaybackStalled: calls that are spoken to and do not read', async () => {
    await arrives('silent', { alertname: 'PlaybackStalled', severity: 'warning' });
  });

  test('NoAudio: calls that are connected and say nothing; then Down, when it is killed, silences it', async () => {
    await arrives('silent', { alertname: 'NoAudio', severity: 'critical' });
    const inhibited = () => alerting.inhibited(instanceOf(gateways.silent));
    await until('StreamsStalled, which says less', async () =>
      (await inhibited()).includes('AcsGatewayStreamsStalled'),
    );
    await gateways.silent.kill();
    await arrives('silent', { alertname: 'Down', severity: 'critical' });
    await until('silence about one that is gone', async () => (await inhibited()).includes('AcsGatewayNoAudio'));
  });

  test('AuthFailures: nobody who comes has the right token', async () => {
    await arrives('locked', { alertname: 'AuthFailures', severity: 'critical' });
  });

  test('no gateway had an alert that nothing was done for', () => {
    const caused: Record<(typeof names)[number], RegExp> = {
      impaired: /FramesMissing|MessagesRefused/,
      small: /NearCapacity|UpgradesRefused/,
      tight: /RingMemoryHigh|MessagesDropped/,
      silent: /StreamsStalled|NoAudio|Down|PlaybackStalled/,
      stopping: /DrainForced|Stopped/,
      stuttering: /^$/,
      broken: /SinkErrors/,
      slow: /SinkLapped/,
      locked: /AuthFailures/,
      wandering: /^$/,
      lossy: /FramesMissing/,
      blocking: /Playback(Underruns|ClearSlow)/,
    };
    for (const name of names) {
      const instance = instanceOf(gateways[name]);
      const arrived = alerting.received.filter(({ labels }) => labels['instance'] === instance);
      if (name !== 'wandering') expect(arrived.length, name).toBeGreaterThan(0);
      for (const { labels } of arrived) {
        if (!excused(machine).test(labels['alertname']!)) expect(labels['alertname'], name).toMatch(caused[name]);
      }
    }
  });
});

describe('a healthy gateway', needs('prometheus', 'prometheus-alertmanager'), () => {
  test('that speaks as well alerts nobody, for longer than any alert takes, nor while it drains', async () => {
    await using machine = await Starvation.watch();
    const scenarios = new Scenarios();
    const recordings = `wav:${join(scenarios.folder, 'recordings')}`;
    const gateway = await scenarios.gateway('--sink', recordings, ...scenarios.speaking(500));
    const alerting = await Alerting.start(scenarios.folder, [gateway.adminPort]);
    try {
      const calls = scenarios.calls(gateway, { calls: 10, participants: 2, silence: 0.2, churn: 1 });
      await new Promise((resolve) => setTimeout(resolve, healthyMs));
      // It was watched, and there was something to see.
      await until('its frames', async () => (await alerting.query('acs_gateway:frames_committed:rate1m'))! > 500);
      expect(await alerting.query('count(acs_gateway:eventloop_delay_seconds:p99_5m)')).toBe(4);
      expect(await alerting.query('sum(acs_gateway:playback_underruns:ratio5m)')).not.toBeNull();
      expect(await alerting.query('sum(rate(acs_gateway_playback_clear_seconds_count[5s]))')).toBeGreaterThan(1);
      gateway.signal('SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, drainingMs));
      await calls.stop();
      expect(await gateway.exit()).toBe(0);
      const unexcused = alerting.received.filter(
        ({ labels }) => !(machine.wakesLate && excused(machine).test(labels['alertname']!)),
      );
      expect(unexcused).toEqual([]);
      const firing = `ALERTS{alertstate="firing"${machine.wakesLate ? `,alertname!~".*(${excused(machine).source})"` : ''}}`;
      expect(await alerting.query(`count(${firing})`)).toBeNull();
    } finally {
      await alerting.stop();
      await scenarios.stop();
    }
  });
});
