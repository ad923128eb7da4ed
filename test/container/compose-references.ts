/**
 * Every name and port by which one service of deploy/compose.yaml reaches another, wherever it is written, held against the
 * services: it exists, it listens there, and they share a network.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { type ComposeFile, mountsOf, type Service } from './compose-file.ts';
import { configOf, isGateway } from './compose-problems.ts';

const deploy = resolve(import.meta.dirname, '../../deploy');

/** Contents of the files beside the compose file, by path below deploy/. */
export type ReadFile = (path: string) => string;

export const readDeploy: ReadFile = (path) => readFileSync(join(deploy, path), 'utf8');

interface Reference {
  readonly from: string;
  readonly where: string;
  readonly host: string;
  readonly port: number;
}

interface PrometheusFile {
  readonly global: { readonly scrape_interval: string };
  readonly alerting: { readonly alertmanagers: readonly { readonly static_configs: readonly Targets[] }[] };
  readonly scrape_configs: readonly { readonly job_name: string; readonly static_configs: readonly Targets[] }[];
}

interface Targets {
  readonly targets: readonly string[];
}

function reference(from: string, where: string, address: string): Reference {
  const [host, port] = address.split(':') as [string, string];
  return { from, where, host, port: Number(port) };
}

/** Ports on which the servers of others listen unless they are told otherwise. */
const usualPorts: Readonly<Record<string, number>> = { prometheus: 9090, alertmanager: 9093, grafana: 3000 };

function listensOn(name: string, service: Service, read: ReadFile): number[] {
  if (isGateway(service)) {
    const { port, adminPort } = configOf(service);
    return [port, adminPort];
  }
  if (name === 'haproxy') {
    const { BALANCER_BIND, BALANCER_STATUS_BIND } = service.environment!;
    return [BALANCER_BIND, BALANCER_STATUS_BIND].map((bind) => Number(bind?.split(':')[1]));
  }
  if (name === 'nats') {
    return Array.from(read('compose/nats.conf').matchAll(/^(?:listen|http): .*:(\d+)$/gm), ([, port]) => Number(port));
  }
  return usualPorts[name] === undefined ? [] : [usualPorts[name]];
}

function referencesOf(file: ComposeFile, read: ReadFile): Reference[] {
  const found: Reference[] = [];
  for (const [name, service] of Object.entries(file.services)) {
    for (const [, address] of service.environment?.['ACS_GATEWAY_SINK']?.matchAll(/nats:\/\/([^/,]+)/g) ?? []) {
      found.push(reference(name, 'ACS_GATEWAY_SINK', address!));
    }
    for (const [, address] of service.command?.join(' ').matchAll(/--url=wss?:\/\/([^/]+)/g) ?? []) {
      found.push(reference(name, '--url', address!));
    }
    for (const [, port] of JSON.stringify(service.healthcheck?.test ?? []).matchAll(/127\.0\.0\.1[:/](\d+)/g)) {
      found.push({ from: name, where: 'healthcheck', host: name, port: Number(port) });
    }
    for (const port of service.ports ?? []) {
      found.push({ from: name, where: 'ports', host: name, port: Number(port.split(':')[2]) });
    }
  }
  for (const [, address] of read('haproxy/haproxy.cfg').matchAll(/^\s*server \S+ "\$\{\w+-([^}]+)\}"/gm)) {
    found.push(reference('haproxy', 'haproxy.cfg', address!));
  }
  const prometheus = parse(read('compose/prometheus.yml')) as PrometheusFile;
  const targets = [...prometheus.alerting.alertmanagers, ...prometheus.scrape_configs]
    .flatMap(({ static_configs }) => static_configs)
    .flatMap(({ targets }) => targets);
  for (const target of targets) {
    found.push(reference('prometheus', 'prometheus.yml', target.replace('localhost', 'prometheus')));
  }
  const source = parse(read('../grafana/provisioning/datasources/prometheus.yaml')) as {
    datasources: { url: string }[];
  };
  found.push(reference('grafana', 'its data source', source.datasources[0]!.url.replace('http://', '')));
  return found;
}

function problemsOfPrometheus(file: ComposeFile, read: ReadFile): string[] {
  const problems: string[] = [];
  const prometheus = parse(read('compose/prometheus.yml')) as PrometheusFile;
  const usual = parse(read('prometheus/prometheus.yml')) as PrometheusFile;
  const [job] = usual.scrape_configs;
  const own = prometheus.scrape_configs.find(({ job_name }) => job_name === job!.job_name);
  if (own === undefined) problems.push(`prometheus.yml: no job ${job!.job_name}, which the rules count on`);
  const interval = prometheus.global.scrape_interval;
  if (interval !== usual.global.scrape_interval) problems.push(`prometheus.yml: the rules do not count on ${interval}`);
  const scraped = own?.static_configs.flatMap(({ targets }) => targets.map((target) => target.split(':')[0]!)) ?? [];
  for (const [name, service] of Object.entries(file.services)) {
    if (isGateway(service) && !scraped.includes(name)) problems.push(`prometheus.yml: ${name} is not scraped`);
  }
  return problems;
}

function problemsOfBalancer({ services }: ComposeFile, read: ReadFile): string[] {
  const { environment = {}, volumes = [] } = services['haproxy']!;
  const text = read('haproxy/haproxy.cfg');
  const problems = Object.keys(environment)
    .filter((name) => !text.includes(`\${${name}-`))
    .map((name) => `haproxy: ${name} stands nowhere in haproxy.cfg`);
  const balanced = Array.from(text.matchAll(/^\s*server \S+ "\$\{\w+-([^:}]+)/gm), ([, host]) => host);
  const gateways = Object.entries(services).filter(([, service]) => isGateway(service));
  for (const [name] of gateways) if (!balanced.includes(name)) problems.push(`haproxy.cfg: ${name} gets no stream`);
  const most = gateways.reduce((sum, [, service]) => sum + configOf(service).maxStreams, 0);
  if (Number(environment['BALANCER_STREAMS']) !== most) problems.push(`haproxy: BALANCER_STREAMS is not ${most}`);
  const certificate = /BALANCER_CERTIFICATE-([^}]+)\}/.exec(text)![1]!;
  const maker = services['certificate']!;
  const isMade = maker.command![0]!.includes(basename(certificate));
  const isMounted = volumes.includes(`certificate:${resolve(certificate, '..')}:ro`);
  if (!isMade || !isMounted) problems.push(`haproxy: ${certificate} is not made, or not mounted`);
  return problems;
}

function problemsOfGrafana({ services }: ComposeFile, read: ReadFile): string[] {
  const grafana = services['grafana']!;
  const provider = parse(read('../grafana/provisioning/dashboards/acs-gateway.yaml')) as {
    providers: { options: { path: string } }[];
  };
  const { path } = provider.providers[0]!.options;
  const mount = mountsOf(grafana).find(({ target }) => target === path);
  if (mount === undefined) return [`grafana: nothing is mounted at ${path}`];
  const home = grafana.environment!['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']!;
  return existsSync(home.replace(path, mount.source)) ? [] : [`grafana: ${home}: no such dashboard`];
}

/** Empty when all is well. */
export function referenceProblems(file: ComposeFile, read: ReadFile): string[] {
  const problems: string[] = [];
  for (const { from, where, host, port } of referencesOf(file, read)) {
    const service = file.services[host];
    const { networks = [] } = file.services[from]!;
    const at = `${from}, ${where}: ${host}:${port}`;
    if (service === undefined) problems.push(`${at}: no such service`);
    else if (!listensOn(host, service, read).includes(port)) problems.push(`${at}: it does not listen there`);
    else if (!networks.some((network) => service.networks?.includes(network)))
      problems.push(`${at}: no common network`);
  }
  return [
    ...problems,
    ...problemsOfPrometheus(file, read),
    ...problemsOfBalancer(file, read),
    ...problemsOfGrafana(file, read),
  ];
}
