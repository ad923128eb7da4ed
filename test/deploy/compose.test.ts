/**
 * deploy/compose.yaml and what its services read: the schema of Compose, the gateway's own parser, the servers' own checks of
 * their configuration, and every name by which one finds another. Each check is tried with a fault that it must find.
 * `npm run container` starts what can be started of it.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { composePath, mountsOf, parseCompose, readCompose } from '../container/compose-file.ts';
import { composeProblems } from '../container/compose-problems.ts';
import { readDeploy, referenceProblems } from '../container/compose-references.ts';
import { needs } from '../support/needs.ts';

const text = readFileSync(composePath, 'utf8');
const { services } = readCompose();

function changed(original: string, from: string, to: string): string {
  expect(original).toContain(from);
  return original.replaceAll(from, to);
}

test('the compose file is valid, and every setting in it is one that the gateway accepts', () => {
  expect(composeProblems(text)).toEqual([]);
});

test('and so it is with the file for recordings on top', () => {
  const file = readCompose();
  const more = parseCompose(readDeploy('compose/recordings.yaml'));
  const together = Object.entries(more.services).map(([name, { environment, volumes = [] }]) => {
    const { [name]: service } = file.services;
    if (service === undefined) throw new Error(`${name}: no such service`);
    const all = [...(service.volumes ?? []), ...volumes];
    return [name, { ...service, environment: { ...service.environment, ...environment }, volumes: all }];
  });
  const services = { ...file.services, ...Object.fromEntries(together) };
  const merged = { ...parse(text, { merge: true }), services, volumes: { ...file.volumes, ...more.volumes } };
  expect(composeProblems(stringify(merged))).toEqual([]);
});

const faults: [fault: string, from: string, to: string, problem: string][] = [
  ['a key that Compose does not know', 'stop_grace_period:', 'stop_grace:', 'must NOT have additional properties'],
  ['a value of a wrong type', 'read_only: true', 'read_only: perhaps', 'must be boolean'],
  ['a setting that is none', 'ACS_GATEWAY_WORKERS', 'ACS_GATEWAY_THREADS', 'unknown environment variable'],
  ['a value that is refused', "WORKERS: '1'", "WORKERS: 'few'", 'expected an integer from 1 to 256'],
  ['an open gateway that nobody allowed', "ALLOW_ANONYMOUS: 'true'", "ALLOW_ANONYMOUS: 'false'", '--allow-anonymous'],
  ['a sink that is none', 'SINK: nats://', 'SINK: kafka://', '--sink'],
  ['rings that do not fit into the memory', "RING_MEMORY_MB: '128'", "RING_MEMORY_MB: '1024'", 'shared memory: up to'],
  ['more streams than open files', "MAX_STREAMS: '1000'", "MAX_STREAMS: '17000'", 'open files: limit 16384'],
  [
    'a grace that is shorter than the drain',
    'stop_grace_period: 60s',
    'stop_grace_period: 30s',
    'before its drain is over',
  ],
  ['a flag that the simulator does not have', '--churn=1', '--churning=1', 'unknown flag'],
  ['a container that can write', 'read_only: true', 'read_only: false', 'can write to its root file system'],
  ['capabilities', 'cap_drop: [ALL]', 'cap_drop: [NET_RAW]', 'has capabilities'],
  ['new privileges', 'no-new-privileges:true', 'label:disable', 'can gain privileges'],
  ['a log without an end', 'max-size: 10m, ', '', 'its log has no limit'],
  ['an image without a version', 'prom/prometheus:v2.55.1', 'prom/prometheus:latest', 'is not pinned'],
  ['a port for everybody', "'127.0.0.1:9090:9090'", "'9090:9090'", 'published beyond this machine'],
  ['a port twice', "'127.0.0.1:9090:9090'", "'127.0.0.1:9093:9090'", 'a port is published twice'],
  ['a file that is not there', './compose/nats.conf', './compose/nats.yaml', 'no such file'],
  ['a file that can be written', 'nats.conf:ro', 'nats.conf', 'can be written'],
  ['a volume that nobody declared', "'certificate:/etc", "'certificates:/etc", 'certificates: no such volume'],
  ['a network that nobody declared', 'networks: [frames]', 'networks: [frame]', 'frame: no such network'],
  ['a service that is not there', 'depends_on: { prometheus:', 'depends_on: { prom:', 'which is no service'],
  [
    'health that nobody looks at',
    '{ condition: service_completed_successfully }',
    '{ condition: service_healthy }',
    'health of certificate',
  ],
];

test.each(faults)('finds %s', (_, from, to, problem) => {
  expect(composeProblems(changed(text, from, to)).join('\n')).toContain(problem);
});

test('every name and port by which a service finds another one is right', () => {
  expect(referenceProblems(readCompose(), readDeploy)).toEqual([]);
});

const references: [fault: string, path: string, from: string, to: string, problem: string][] = [
  ['another port of NATS', 'compose.yaml', 'SINK: nats://nats:4222', 'SINK: nats://nats:4223', 'does not listen there'],
  ['a NATS that listens elsewhere', 'compose/nats.conf', ':4222', ':4223', 'nats:4222: it does not listen there'],
  ['a network that it has not', 'compose.yaml', 'networks: [frames]', 'networks: [ingest2]', 'no common network'],
  ['a simulator that calls nobody', 'compose.yaml', '--url=wss://haproxy', '--url=wss://balancer', 'no such service'],
  [
    'a target that is not there',
    'compose/prometheus.yml',
    'gateway-2:9464',
    'gateway-3:9464',
    'gateway-2 is not scraped',
  ],
  [
    'the port of the streams scraped',
    'compose/prometheus.yml',
    'gateway-2:9464',
    'gateway-2:9465',
    'does not listen there',
  ],
  [
    'another job',
    'compose/prometheus.yml',
    'job_name: acs-audio-gateway',
    'job_name: gateway',
    'which the rules count on',
  ],
  ['another interval', 'compose/prometheus.yml', 'scrape_interval: 15s', 'scrape_interval: 60s', 'do not count on 60s'],
  [
    'another Alertmanager',
    'compose/prometheus.yml',
    'alertmanager:9093',
    'alerts:9093',
    'alerts:9093: no such service',
  ],
  [
    'a gateway without streams',
    'haproxy/haproxy.cfg',
    '-gateway-2:8080',
    '-gateway-1:8080',
    'gateway-2 gets no stream',
  ],
  ['a variable that HAProxy does not know', 'compose.yaml', 'BALANCER_BIND', 'BALANCER_LISTEN', 'stands nowhere'],
  [
    'less room than the gateways have',
    'compose.yaml',
    "STREAMS: '2000'",
    "STREAMS: '1500'",
    'BALANCER_STREAMS is not 2000',
  ],
  [
    'a certificate elsewhere',
    'compose.yaml',
    'certificate:/etc/haproxy/certs:ro',
    'certificate:/certs:ro',
    'not mounted',
  ],
  [
    'a health check of another port',
    'compose.yaml',
    '127.0.0.1/8404',
    '127.0.0.1/8405',
    'haproxy, healthcheck: haproxy:8405',
  ],
  [
    'another Prometheus',
    '../grafana/provisioning/datasources/prometheus.yaml',
    '//prometheus:9090',
    '//prom:9090',
    'prom:9090: no such',
  ],
  ['dashboards elsewhere', 'compose.yaml', 'dashboards/acs-audio-gateway:ro', 'dashboards:ro', 'nothing is mounted at'],
  ['a dashboard that is not there', 'compose.yaml', 'fleet.json', 'all.json', 'all.json: no such dashboard'],
];

test.each(references)('finds %s', (_, path, from, to, problem) => {
  const read = (name: string) => (name === path ? changed(readDeploy(name), from, to) : readDeploy(name));
  const file = parseCompose(path === 'compose.yaml' ? changed(text, from, to) : text);
  expect(referenceProblems(file, read).join('\n')).toContain(problem);
});

describe('the servers themselves accept what is mounted', () => {
  const folder = mkdtempSync(join(tmpdir(), 'acs-compose-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const inFolder = (path: string) => join(folder, path);

  /** All files where the containers see them, below a folder. */
  beforeAll(() => {
    for (const service of Object.values(services)) {
      for (const { source, target, isVolume } of mountsOf(service)) {
        mkdirSync(dirname(inFolder(target)), { recursive: true });
        if (!isVolume) cpSync(source, inFolder(target), { recursive: true });
      }
    }
  });

  function run(tool: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { status, stdout, stderr } = spawnSync(tool, args, {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    return { status, output: `${stdout}${stderr}` };
  }

  const flag = (name: string, key: string) =>
    inFolder(services[name]!.command!.join('=').split(`${key}=`)[1]!.split('=')[0]!);

  test('Prometheus, with all rules', needs('promtool'), () => {
    const { status, output } = run('promtool', ['check', 'config', flag('prometheus', '--config.file')]);
    expect(status, output).toBe(0);
    expect(output).toContain('3 rule files found');
  });

  test('the Alertmanager', needs('amtool'), () => {
    const { status, output } = run('amtool', ['check-config', flag('alertmanager', '--config.file')]);
    expect(status, output).toBe(0);
  });

  test('NATS', needs('nats-server'), () => {
    const { status, output } = run('nats-server', ['-t', '-c', flag('nats', '--config')]);
    expect(status, output).toBe(0);
  });

  test('HAProxy, with its environment and the certificate that is made for it', needs('haproxy', 'openssl'), () => {
    const certificates = inFolder('etc/haproxy/certs');
    mkdirSync(certificates, { recursive: true });
    const { entrypoint, command } = services['certificate']!;
    const script = command![0]!.replaceAll('/tmp/', `${folder}/`).replaceAll('/etc/haproxy/certs', certificates);
    const [shell, ...flags] = entrypoint!;
    for (let times = 0; times < 2; times += 1) {
      const made = run(shell!, [...flags, script]);
      expect(made.status, made.output).toBe(0);
    }
    const env = {
      ...services['haproxy']!.environment,
      BALANCER_CERTIFICATE: join(certificates, 'gateway.pem'),
      // Their names are known in the networks of Compose only.
      GATEWAY_1: '127.0.0.1:8080',
      GATEWAY_2: '127.0.0.1:8080',
    };
    const { status, output } = run('haproxy', ['-c', '-f', inFolder('usr/local/etc/haproxy/haproxy.cfg')], env);
    expect(status, output).toBe(0);
  });
});
