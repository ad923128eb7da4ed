/**
 * A pod comes and a pod goes, as deploy/kubernetes makes it happen, without a cluster: the real HAProxy with the configuration of
 * components/balancer, real gateways, and a name server that does what a headless Service does. Seconds instead of minutes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { BalancerProcess, substitute } from '../balancer/balancer.ts';
import { haproxyEnvironment } from '../balancer/haproxy.ts';
import { differences, filesBelow, temporaryFolder } from '../support/folders.ts';
import { freePorts } from '../support/free-ports.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { judgingTimes } from '../support/starvation.ts';
import { NameServer } from './name-server.ts';

const test = testNeeding('haproxy');

const file = resolve(import.meta.dirname, '../../deploy/kubernetes/components/balancer/haproxy.cfg');

/** HAProxy with its own name server and a shorter memory for names, else as in the component. */
async function startBalancer(folder: string, names: NameServer, gatewayPort: number) {
  mkdirSync(folder);
  const [port, statusPort] = (await freePorts(2)) as [number, number];
  const text = substitute(readFileSync(file, 'utf8'), {
    '\n    parse-resolv-conf\n': `\n    nameserver cluster 127.0.0.1:${names.port}\n`,
    '\n    hold obsolete 10s\n': '\n    hold obsolete 1s\n    hold valid 500ms\n',
    // Until it is over, some newcomers go to the old pods.
    ' slowstart 10s ': ' slowstart 1s ',
    '\n    user haproxy\n    group haproxy\n': '\n',
  });
  writeFileSync(join(folder, 'haproxy.cfg'), text);
  const ofFile = haproxyEnvironment({ folder, gateways: ['', ''] }, port, statusPort);
  const env = { ...ofFile, GATEWAYS: `acs-audio-gateway.audio.svc.cluster.local:${gatewayPort}` };
  const balancer = new BalancerProcess('haproxy', ['-W', '-f', join(folder, 'haproxy.cfg')], folder, env);
  onTestFinished(() => balancer.stop());
  await balancer.ready(`http://127.0.0.1:${statusPort}/healthz`);
  const servers = async () => {
    const rows = (await (await fetch(`http://127.0.0.1:${statusPort}/stats;csv`)).text()).split('\n');
    return rows.filter((row) => /^gateways,gateway-\d+,/.test(row) && /,UP,/.test(row)).length;
  };
  return { url: `wss://127.0.0.1:${port}/audio`, servers, process: balancer };
}

test(
  'a new pod takes the newcomers; a pod that goes keeps its streams, and nobody is cut or refused',
  judgingTimes(async () => {
    const folder = temporaryFolder();
    const [port] = (await freePorts(1)) as [number];
    const pod = async (host: string) => {
      const flags = ['--host', host, '--port', String(port), '--trust-proxy', '--drain-timeout-ms', '100000'];
      const gateway = await GatewayProcess.start(...flags, '--sink', `wav:${join(folder, 'recorded')}`);
      onTestFinished(() => gateway.kill());
      return gateway;
    };
    const open = async (gateway: GatewayProcess) => (await gateway.metrics()).get('streams_active');

    const names = await NameServer.start('127.0.0.1');
    onTestFinished(() => names.stop());
    const begunMs = performance.now();
    const old = await pod('127.0.0.1');
    // Where a gateway takes longer than that to start, everything here does, and calls must last as much longer.
    const slowness = Math.max(1, (performance.now() - begunMs) / 1500);
    const { url, servers } = await startBalancer(join(folder, 'balancer'), names, port);
    await eventually(async () => (await servers()) === 1);
    let seed = 1;
    const play = (calls: number, seconds: number) => {
      const saved = ['--save', join(folder, 'sent'), '--seed', String(seed++)];
      const flags = [
        '--calls',
        String(calls),
        '--duration',
        `${Math.round(1000 * seconds * slowness)}ms`,
        '--participants',
        '0',
        ...saved,
      ];
      return startSimulator(url, '--insecure', ...flags);
    };
    const first = play(30, 16);
    await eventually(async () => (await open(old)) === 30);

    // A rollout: the new pod is ready, and only then in the name. Nothing moves; it gets every newcomer.
    const young = await pod('127.0.0.2');
    names.addresses = ['127.0.0.1', '127.0.0.2'];
    await eventually(async () => (await servers()) === 2);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const second = play(10, 8);
    await eventually(async () => (await open(young)) === 10);
    expect(await open(old)).toBe(30);

    // The old one is to go: it leaves the name, and is not told yet (preStop). Whoever still comes to it is taken.
    names.addresses = ['127.0.0.2'];
    await eventually(async () => (await servers()) === 1);
    const third = play(25, 4);
    await eventually(async () => (await open(young)) === 35);
    expect(await open(old), 'without newcomers, though it has fewer streams').toBe(30);

    // SIGTERM: it continues until its last stream has ended by itself.
    const { code, last } = await old.drain();
    expect([code, last['streamsCut'], last['unaccounted']]).toEqual([0, 0, 0]);
    for (const { report } of [first, second, third]) {
      const { ok, unreachable } = await report;
      expect([ok, unreachable]).toEqual([true, null]);
    }
    await young.drain();
    const recorded = filesBelow(join(folder, 'recorded'), '.wav');
    expect(recorded.size).toBe(65);
    expect(differences(recorded, filesBelow(join(folder, 'sent'), '.wav'))).toEqual([]);
  }),
);

test(
  'a reload, as for a renewed certificate, refuses nobody, although the new worker knows no pod at first',
  judgingTimes(async () => {
    const folder = temporaryFolder();
    const gateway = await GatewayProcess.start('--trust-proxy', '--proxy-cidr', '127.0.0.1/32');
    onTestFinished(() => gateway.kill());
    const names = await NameServer.start('127.0.0.1');
    onTestFinished(() => names.stop());
    const { url, servers, process: balancer } = await startBalancer(join(folder, 'balancer'), names, gateway.port);
    await eventually(async () => (await servers()) === 1);
    const loaded = () => balancer.logs().split('Loading success').length - 1;
    await eventually(() => loaded() === 1);
    const arriving = startSimulator(url, '--insecure', '--calls', '60', '--ramp', '4s', '--duration', '1s');
    await eventually(async () => (await gateway.metrics()).get('upgrades_total{result="accepted"}')! > 5);
    await balancer.reload('SIGUSR2', () => loaded() === 2);
    expect(await arriving.report).toMatchObject({ ok: true, calls: { completed: 60, refused: 0, failed: 0 } });
  }),
);
