/**
 * What a gateway stands on and may lose: disks, threads, servers, its certificate, open files. Real gateways lose each of them, before a real
 * Prometheus and Alertmanager with the real rules, whose clock runs faster; one beside them loses nothing, and has no alert.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { NatsServer } from '../nats/server.ts';
import { hangingSink } from '../sink/hanging-sink.ts';
import { AcsClient } from '../support/acs-client.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { temporaryFolder } from '../support/folders.ts';
import { frozenDisk } from '../support/frozen-disk.ts';
import { GatewayProcess, type GatewayProcessOptions } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { smallDisk } from '../support/small-disk.ts';
import { Starvation } from '../support/starvation.ts';
import { Alerting } from './alerting.ts';
import { arrived, arrives, excused, instanceOf, until } from './arrival.ts';
import { Scenarios } from './scenarios.ts';

/** Of a disk that fills so slowly that it is seen: what it holds is read every 10 s. */
const slowDisk = { bytes: 64 * 1024 * 1024, usedShare: 0.89, bytesPerSecond: 40 * 1024, fillableBytes: 6_500_000 };
const openFiles = 256;

describe('resources', needs('prometheus', 'prometheus-alertmanager'), () => {
  const scenarios = new Scenarios();
  const targets: number[] = [];
  let healthy: GatewayProcess;
  let alerting: Alerting;
  let machine: Starvation;

  beforeAll(async () => {
    machine = await Starvation.watch();
    healthy = await scenarios.gateway('--sink', `wav:${join(scenarios.folder, 'healthy')}`);
    targets.push(healthy.adminPort);
    alerting = await Alerting.start(scenarios.folder, targets);
    await scenarios.callsLetIn(healthy, { calls: 3 });
  });

  afterAll(async () => {
    await alerting?.stop();
    await scenarios.stop();
    await machine[Symbol.asyncDispose]();
  });

  /** One more gateway, that is a target from its first moment to the end of the test. */
  async function watched(options: GatewayProcessOptions, ...flags: string[]): Promise<GatewayProcess> {
    const gateway = await GatewayProcess.startWith(options, '--workers', '1', ...flags);
    targets.push(gateway.adminPort);
    alerting.retarget(targets);
    onTestFinished(async () => {
      targets.splice(targets.indexOf(gateway.adminPort), 1);
      alerting.retarget(targets);
      await gateway.kill();
    });
    await until('its first scrape', async () => (await alerting.query(`up{instance="${instanceOf(gateway)}"}`)) === 1);
    return gateway;
  }

  const warning = (alertname: string, labels = {}) => ({ alertname, severity: 'warning', ...labels });
  const critical = (alertname: string, labels = {}) => ({ alertname, severity: 'critical', ...labels });

  test('CertificateExpires: ten days before the end, a day before, and not any more once it is renewed', async () => {
    const folder = temporaryFolder();
    const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    const write = (days: number) => {
      const pair = selfSignedCertificate(days);
      writeFileSync(files.cert, pair.cert);
      writeFileSync(files.key, pair.key);
    };
    write(10);
    const gateway = await watched({}, '--tls-cert', files.cert, '--tls-key', files.key);
    const { annotations } = await arrives(alerting, gateway, warning('CertificateExpires'));
    expect(annotations['description']).toMatch(/ends in 9d 23h/);
    write(1);
    await arrives(alerting, gateway, critical('CertificateExpires'));
    write(90);
    await until('the all-clear', () =>
      alerting.received.some(
        ({ status, labels }) => status === 'resolved' && labels['instance'] === instanceOf(gateway),
      ),
    );
  });

  test(
    'SinkNotReady: the NATS server is away; what else the sink says of it is held back',
    needs('nats-server'),
    async () => {
      const server = await NatsServer.forTest();
      const gateway = await watched({}, '--sink', `nats://${server.address}`);
      const sink = `nats://${server.address}/acs.audio`;
      await server.kill();
      await arrives(alerting, gateway, warning('SinkNotReady', { sink }));
      await scenarios.callsLetIn(gateway, { calls: 2 });
      await arrives(alerting, gateway, critical('SinkNotReady', { sink }));
      await until('silence about what follows from it', async () =>
        (await alerting.inhibited(instanceOf(gateway))).includes('AcsGatewaySinkLapped'),
      );
      await server.start();
      await until('the all-clear', () =>
        alerting.received.some(
          ({ status, labels }) =>
            status === 'resolved' && labels['severity'] === 'critical' && labels['instance'] === instanceOf(gateway),
        ),
      );
    },
  );

  test('ThreadRestarted: a module that ends its thread; ThreadHung: one that loops', async () => {
    const dying = join(temporaryFolder(), 'dying.mjs');
    // Once each thread has read something, so that it dies again and again.
    writeFileSync(
      dying,
      'export default () => ({ open: () => ({ write() { setTimeout(() => process.exit(3), 500); } }) });',
    );
    const gateway = await watched(
      {},
      ...['--sink', `module:${dying}?name=dying`, '--sink', `module:${hangingSink}?loops=once&name=stuck`],
      ...['--thread-timeout-ms', '1500'],
    );
    await scenarios.callsLetIn(gateway, { calls: 1 });
    await arrives(alerting, gateway, warning('ThreadRestarted', { thread: 'sink:dying' }));
    await arrives(alerting, gateway, warning('ThreadHung', { thread: 'sink:stuck' }));
    expect(alerting.firing({ alertname: 'AcsGatewayThreadRestarted', thread: 'sink:stuck' })).toBeUndefined();
  });

  test('ThreadHung, critical: a disk that does not answer', needs('frozen disk'), async () => {
    const disk = frozenDisk();
    const sink = `wav:${join(disk.folder, 'recorded')}`;
    const gateway = await watched({}, '--sink', sink, '--thread-timeout-ms', '1500');
    const calls = await scenarios.callsLetIn(gateway, { calls: 2 });
    await until(
      'frames on the disk',
      async () => (await gateway.metrics()).get(`sink_frames_total{sink="${sink}"}`)! > 200,
    );
    disk.freeze();
    try {
      await arrives(alerting, gateway, critical('ThreadHung', { thread: `sink:${sink}` }));
      await arrives(alerting, gateway, critical('SinkNotReady', { sink }));
    } finally {
      disk.thaw();
      await calls.stop();
    }
  });

  test('DiskLow: little is free; and used up within the hour', needs('mount'), async () => {
    const folder = smallDisk(slowDisk.bytes);
    writeFileSync(join(folder, 'other'), Buffer.alloc(slowDisk.bytes * slowDisk.usedShare));
    const sink = `wav:${join(folder, 'recorded')}`;
    const gateway = await watched({}, '--sink', sink);
    let parts = 0;
    const filler = setInterval(() => {
      const part = Buffer.alloc(slowDisk.bytesPerSecond);
      if (parts * part.length < slowDisk.fillableBytes) writeFileSync(join(folder, `part-${parts++}`), part);
    }, 1000);
    try {
      await arrives(alerting, gateway, warning('DiskLow', { sink }));
      await arrives(alerting, gateway, critical('DiskLow', { sink }));
    } finally {
      clearInterval(filler);
    }
  });

  test(
    'CaptureFailing: its disk is full; and what was not written by its end is seen as dropped',
    needs('mount'),
    async () => {
      const gateway = await watched({}, '--capture', `${join(smallDisk(), 'calls.acscap')}?compress=none`);
      const calls = await scenarios.callsLetIn(gateway, { calls: 20 });
      await arrives(alerting, gateway, warning('CaptureFailing'));
      gateway.signal('SIGTERM');
      await calls.stop();
      await gateway.exit();
      const dropped = `last_over_time(acs_gateway_capture_dropped_total{instance="${instanceOf(gateway)}"}[1m])`;
      await until('the last scrape', async () => ((await alerting.query(dropped)) ?? 0) > 0);
    },
  );

  test('RecordingsFailed: the program behind --on-recording fails', async () => {
    const sink = `wav:${join(temporaryFolder(), 'recorded')}`;
    const gateway = await watched({}, '--sink', sink, '--on-recording', '/bin/false');
    const calls = await scenarios.callsLetIn(gateway, { calls: 3 });
    await calls.stop();
    const { annotations } = await arrives(alerting, gateway, warning('RecordingsFailed', { outcome: 'failed' }));
    expect(annotations['description']).toContain('--on-recording was failed');
  });

  test('OpenFilesHigh: connections take all but the reserve, and one more is refused', async () => {
    const gateway = await watched({ openFiles }, '--idle-timeout-ms', '600000');
    const isPaused = async () => (await gateway.metrics()).get('accept_paused') === 1;
    const callers: AcsClient[] = [];
    onTestFinished(() => {
      for (const { socket } of callers) socket.terminate();
    });
    // Streams stay; a connection alone would be cut off after 10 s.
    while (!(await isPaused()) && callers.length < openFiles) {
      const caller = await AcsClient.connect(gateway.url).catch(() => null);
      if (caller === null) await sleep(100);
      else callers.push(caller);
    }
    await expect(fetch(`http://127.0.0.1:${gateway.port}/readyz`)).rejects.toThrow();
    await arrives(alerting, gateway, critical('OpenFilesHigh'));
    await until('silence about what is obvious', async () =>
      (await alerting.inhibited(instanceOf(gateway))).includes('AcsGatewayOpenFilesHigh'),
    );
  });

  test('the one that has lost nothing has no alert', () => {
    const had = [...arrived(alerting, healthy)];
    expect(had.filter((alert) => !excused(machine).test(alert))).toEqual([]);
  });
});
