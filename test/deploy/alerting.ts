/**
 * The whole chain from a gateway to somebody's telephone, as real processes: Prometheus with the project's rules, the
 * Alertmanager with the project's routes, and a web server that takes what the Alertmanager sends. Everything runs faster by
 * one factor, see scaled-rules.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../support/free-ports.ts';
import { scaleDuration, scaleFile } from './scaled-rules.ts';

const deploy = resolve(import.meta.dirname, '../../deploy/prometheus');
/** Until both servers answer. */
const startMsMax = 20_000;

export interface Notification {
  readonly status: 'firing' | 'resolved';
  /** Where the routes sent it: the last part of the address. */
  readonly receiver: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface PrometheusFile {
  alerting: { alertmanagers: unknown };
  rule_files: string[];
  scrape_configs: Record<string, unknown>[];
}

interface AlertmanagerFile {
  receivers: { name: string; webhook_configs: { url: string }[] }[];
}

function source(name: string): string {
  return readFileSync(join(deploy, name), 'utf8');
}

function writeTargets(folder: string, ports: readonly number[]): void {
  const file = join(folder, 'targets/gateways.yml');
  // In one go: Prometheus reads it as soon as it changes.
  writeFileSync(`${file}.new`, stringify([{ targets: ports.map((port) => `127.0.0.1:${port}`) }]));
  renameSync(`${file}.new`, file);
}

export class Alerting {
  readonly received: Notification[] = [];
  readonly prometheusUrl: string;
  private readonly alertmanagerUrl: string;
  private readonly webhook: Server;
  private readonly folder: string;
  private readonly children: readonly ChildProcess[];
  private readonly logs: readonly string[];

  private constructor(ports: { prometheus: number; alertmanager: number }, webhook: Server, folder: string) {
    this.prometheusUrl = `http://127.0.0.1:${ports.prometheus}`;
    this.alertmanagerUrl = `http://127.0.0.1:${ports.alertmanager}`;
    this.webhook = webhook;
    this.folder = folder;
    webhook.on('request', (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        response.end();
        const { alerts } = JSON.parse(body) as { alerts: Omit<Notification, 'receiver'>[] };
        const receiver = request.url!.split('/').at(-1)!;
        for (const { status, labels, annotations } of alerts) {
          this.received.push({ status, receiver, labels, annotations });
        }
      });
    });
    this.logs = ['prometheus', 'alertmanager'].map((name) => join(folder, `${name}.log`));
    const start = (tool: string, log: string, ...flags: string[]) => {
      const child = spawn(tool, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
      child.stderr!.on('data', (chunk: Buffer) => writeFileSync(log, chunk, { flag: 'a' }));
      return child;
    };
    this.children = [
      start(
        'prometheus',
        this.logs[0]!,
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'prometheus')}`,
        `--web.listen-address=127.0.0.1:${ports.prometheus}`,
        `--query.lookback-delta=${this.lookback}`,
      ),
      start(
        'prometheus-alertmanager',
        this.logs[1]!,
        `--config.file=${join(folder, 'alertmanager.yml')}`,
        `--storage.path=${join(folder, 'alertmanager')}`,
        `--web.listen-address=127.0.0.1:${ports.alertmanager}`,
        '--cluster.listen-address=',
      ),
    ];
  }

  private get lookback(): string {
    return scaleDuration('5m', Alerting.factor);
  }

  /** A scrape each 375 ms; five minutes are 7.5 s. */
  static readonly factor = 40;

  /** Starts everything and waits until both servers answer. `targets` are admin ports of gateways. */
  static async start(folder: string, targets: readonly number[]): Promise<Alerting> {
    const webhook = createHttpServer().listen(0, '127.0.0.1');
    await once(webhook, 'listening');
    const ports = { prometheus: await freePort(), alertmanager: await freePort() };
    const scaled = <T>(name: string) => scaleFile<T>(source(name), Alerting.factor);
    mkdirSync(join(folder, 'rules'));
    const write = (name: string, value: unknown) => writeFileSync(join(folder, name), stringify(value));
    for (const name of ['rules/recording.yml', 'rules/alerts.yml']) write(name, scaled(name));

    const prometheus = scaled<PrometheusFile>('prometheus.yml');
    prometheus.alerting.alertmanagers = [{ static_configs: [{ targets: [`127.0.0.1:${ports.alertmanager}`] }] }];
    // Only the files that the configuration reads again by itself, as in a fleet that changes.
    delete prometheus.scrape_configs[0]!['static_configs'];
    mkdirSync(join(folder, 'targets'));
    writeTargets(folder, targets);
    write('prometheus.yml', prometheus);

    const alertmanager = scaled<AlertmanagerFile>('alertmanager.yml');
    for (const { name, webhook_configs } of alertmanager.receivers) {
      webhook_configs[0]!.url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/${name}`;
    }
    write('alertmanager.yml', alertmanager);

    const alerting = new Alerting(ports, webhook, folder);
    await alerting.ready();
    return alerting;
  }

  /** Takes targets in and out, as an operator does in the file that lists them. */
  retarget(targets: readonly number[]): void {
    writeTargets(this.folder, targets);
  }

  /** A notification that says that this alert fires with these labels, or undefined. */
  firing(labels: Readonly<Record<string, string>>): Notification | undefined {
    return this.received.find(
      (each) =>
        each.status === 'firing' && Object.entries(labels).every(([name, value]) => each.labels[name] === value),
    );
  }

  /** What the Alertmanager holds back because another alert says more, as alert names. */
  async inhibited(instance: string): Promise<string[]> {
    const answer = await fetch(`${this.alertmanagerUrl}/api/v2/alerts?inhibited=true&active=false`);
    const alerts = (await answer.json()) as { labels: Record<string, string>; status: { inhibitedBy: string[] } }[];
    return alerts
      .filter(({ labels, status }) => labels['instance'] === instance && status.inhibitedBy.length > 0)
      .map(({ labels }) => labels['alertname']!);
  }

  /** The first value of an instant query, or null. */
  async query(expr: string): Promise<number | null> {
    const answer = await fetch(`${this.prometheusUrl}/api/v1/query?${new URLSearchParams({ query: expr })}`);
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return data.result[0] === undefined ? null : Number(data.result[0].value[1]);
  }

  async stop(): Promise<void> {
    for (const child of this.children) {
      if (child.exitCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    this.webhook.close();
    this.webhook.closeAllConnections();
  }

  private async ready(): Promise<void> {
    const deadline = Date.now() + startMsMax;
    for (const url of [this.prometheusUrl, this.alertmanagerUrl]) {
      while (
        !(await fetch(`${url}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        ))
      ) {
        if (Date.now() > deadline) throw new Error(this.logs.map((log) => readFileSync(log, 'utf8')).join('\n'));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}
