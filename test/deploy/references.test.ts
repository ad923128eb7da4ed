/**
 * Everything that stands in deploy/ about the gateway exists in the code: a port, a path, a metric, a variable, a flag or a file
 * that was renamed there is found here. And whoever starts the gateway gives it settings that it accepts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { configure } from '../../src/cli/configuration.ts';
import { simulateSettings } from '../../src/cli/simulate-settings.ts';
import { readSettings } from '../../src/config/settings.ts';
import { readCatalogue } from '../grafana/catalogue.ts';
import { type Catalogue, checkQuery } from '../grafana/promql.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { deployedFiles, readDeployed, root } from './deployed-files.ts';
import { buildManifests } from './manifests.ts';
import { adminPort, endpoints, ingestPort, referenceProblems } from './references.ts';

const files = deployedFiles();
let catalogue: Catalogue;
let metrics: ReadonlySet<string>;

beforeAll(async () => {
  catalogue = await readCatalogue();
  // In prose a histogram goes by its own name.
  const histograms = [...catalogue.keys()].filter((name) => name.endsWith('_bucket')).map((name) => name.slice(0, -7));
  metrics = new Set([...catalogue.keys(), ...histograms]);
});

test('every file of deploy/ can be read, and there are files of every kind', () => {
  const kinds = new Set(files.map(({ path }) => path.split('/')[1]));
  expect([...kinds]).toEqual(expect.arrayContaining(['haproxy', 'kubernetes', 'nginx', 'prometheus', 'systemd']));
  expect(() => readDeployed('deploy/x/gateway.toml', '')).toThrow('no reader for this kind of file');
  expect(() => readDeployed('deploy/x/a.service', '[Service]\nType exec\n')).toThrow('not a line of a unit');
  expect(() => readDeployed('deploy/x/a.env', 'A="b"\n')).toThrow('not a line of an environment file');
  expect(() => readDeployed('deploy/x/a.yaml', 'a: [b\n')).toThrow('deploy/x/a.yaml');
});

test('names only what there is', () => {
  expect(files.flatMap((file) => referenceProblems(file, metrics))).toEqual([]);
});

test('every link to the project itself begins with the homepage of package.json', () => {
  const { homepage, repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(repository.url).toBe(`git+${homepage}.git`);
  const pages = ['docs/systemd.md', 'grafana/dashboard.ts'].map((path) => ({
    path,
    text: readFileSync(join(root, path), 'utf8'),
  }));
  const links = [...files, ...pages].flatMap(({ path, text }) =>
    [...text.matchAll(/https:\/\/[^\s'"#]*\/acs-audio-gateway(?![\w-])/g)].map(([link]) => `${path}: ${link}`),
  );
  expect(links.length).toBeGreaterThan(30);
  expect(links.filter((link) => !link.endsWith(`: ${homepage}`))).toEqual([]);
});

describe('a name that does not exist is found', () => {
  test.each([
    ['ACS_GATEWAY_DRAIN_TIMEOUT: 5', 'no such setting'],
    ['- ACS_GATEWAY_MAX_STREAM=5', 'no such setting'],
    ['ACS_GATEWAY_MAX_STREAMS: "0"', 'expected an integer from 1'],
    ["ACS_GATEWAY_TRUST_PROXY: 'yes'", 'expected true or false'],
    ['name: ACS_GATEWAY_WORKERS\n  value: many', 'expected an integer'],
    ['ACS_GATEWAY_SINK=kafka://broker', 'expected wav:DIR'],
    ['ACS_GATEWAY_SINK: nats://nats:99999', 'nats://'],
    ['# lower than --idle-timeout', '--idle-timeout: no flag'],
    ['server gateway-1 gateway-1:8081', 'port 8081'],
    ['server gateway-1 gateway-1:9090', 'gateway-1:9090: the gateway has no such port'],
    ['containerPort: 9465', 'port 9465'],
    ['EXPOSE 8081', 'port 8081'],
    ['http-check send meth GET uri /ready ver HTTP/1.1', '/ready: the gateway has no such path'],
    ['path: /healthy', '/healthy: the gateway has no such path'],
    ['curl http://127.0.0.1:8080/metrics', '8080 /metrics: the gateway has no such path'],
    ['sum(acs_gateway_stream_active)', 'acs_gateway_stream_active: no such metric'],
    ['acs_gateway:streams:utilisation', 'no such metric'],
    ['# see docs/haproxy.md', 'docs/haproxy.md: no such file'],
    ['runbook_url: https://example.com/acs-audio-gateway/grafana/book.md#x', 'grafana/book.md: no such file'],
    ['ENTRYPOINT ["node", "dist/server.js"]', 'src/server.ts: no such file'],
    ['RUN npm run compile', 'npm run compile: no such script'],
  ])('%s', (text, problem) => {
    expect(referenceProblems({ path: 'x', text }, metrics).join('\n')).toContain(problem);
  });
});

test('the endpoints that the files may name are those of a real gateway', async () => {
  const gateway = await GatewayProcess.start('--console');
  onTestFinished(() => gateway.kill());
  const ports = new Map([
    [ingestPort, gateway.port],
    [adminPort, gateway.adminPort],
  ]);
  for (const [port, paths] of endpoints) {
    for (const path of [...paths, '/x']) {
      const { status } = await fetch(`http://127.0.0.1:${ports.get(port)}${path}`);
      expect(status === 404, `${port} ${path}: ${status}`).toBe(path === '/x');
    }
  }
});

test('the query that the number of pods follows selects what a real gateway has', () => {
  const manifests = buildManifests(join(root, 'deploy/kubernetes/overlays/production'));
  const { spec } = manifests.find(({ kind }) => kind === 'ScaledObject') as unknown as ScaledObject;
  for (const { metadata } of spec.triggers) expect(checkQuery(metadata.query, catalogue).problems).toEqual([]);
  expect(spec.triggers).toHaveLength(1);
});

interface ScaledObject {
  readonly spec: { readonly triggers: readonly { readonly metadata: { readonly query: string } }[] };
}

describe('the services of deploy/compose.yaml', () => {
  const { services } = parse(readFileSync(join(root, 'deploy/compose.yaml'), 'utf8'), { merge: true }) as Compose;
  const ours = Object.entries(services).filter(([, { image }]) => image?.startsWith('acs-audio-gateway'));

  test('that run our image have settings that it accepts', () => {
    expect(ours.map(([name]) => name).sort()).toEqual(['gateway-1', 'gateway-2', 'simulator']);
    for (const [name, { command = [], environment = {} }] of ours) {
      const read = () =>
        command[0] === 'simulate'
          ? readSettings(simulateSettings, { argv: command.slice(1) })
          : configure(command, { ...imageEnvironment(), ...environment });
      expect(read, name).not.toThrow();
    }
  });
});

interface Compose {
  readonly services: Record<string, { image?: string; command?: string[]; environment?: Record<string, string> }>;
}

/** The variables that deploy/Dockerfile sets. */
function imageEnvironment(): Record<string, string> {
  const text = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
  const pairs = Array.from(text.matchAll(/^(?:ENV| {4}) ?(ACS_GATEWAY_\w+)=(\S+)/gm), ([, name, value]) => [
    name,
    value,
  ]);
  expect(pairs).toHaveLength(2);
  return Object.fromEntries(pairs) as Record<string, string>;
}
