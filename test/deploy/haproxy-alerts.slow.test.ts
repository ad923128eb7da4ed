/**
 * The alerts of rules/haproxy.yml in a real Prometheus that scrapes real HAProxies with the jobs of prometheus.yml: fired by their
 * causes, and by nothing else. Forty times as fast; the thresholds are the real ones.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { type Balancer, balancerUrl } from '../balancer/balancer.ts';
import { dial } from '../balancer/client.ts';
import { startHaproxy } from '../balancer/haproxy.ts';
import { temporaryFolder } from '../support/folders.ts';
import { freePort } from '../support/free-ports.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { judgingTimes } from '../support/starvation.ts';
import { scaleDuration, scaleFile } from './scaled-rules.ts';

const test = testNeeding('haproxy', 'prometheus');
const deploy = resolve(import.meta.dirname, '../../deploy/prometheus');
const factor = 40;

interface Job {
  readonly job_name: string;
  readonly static_configs: readonly unknown[];
}

/** The jobs that stand in prometheus.yml for who has an HAProxy. */
function jobs(): Job[] {
  const text = readFileSync(join(deploy, 'prometheus.yml'), 'utf8');
  const block =
    /(?:^ {2}# {1,}(?:- job_name: acs-audio-balancer|scheme|tls_config|static_configs|- targets).*\n)+$/m.exec(
      text,
    )![0];
  return parse(block.replaceAll(/^ {2}# /gm, '')) as Job[];
}

class Prometheus {
  private readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  static async start(haproxies: readonly Haproxy[]): Promise<Prometheus> {
    const folder = temporaryFolder();
    const port = await freePort();
    const targets = (ports: readonly (number | string)[]) => [{ targets: ports.map((each) => `127.0.0.1:${each}`) }];
    const [status, certificate] = jobs() as [Job, Job];
    const scrape_interval = scaleDuration('15s', factor);
    writeFileSync(
      join(folder, 'rules.yml'),
      stringify(scaleFile(readFileSync(join(deploy, 'rules/haproxy.yml'), 'utf8'), factor)),
    );
    writeFileSync(
      join(folder, 'prometheus.yml'),
      stringify({
        global: { scrape_interval, scrape_timeout: scrape_interval, evaluation_interval: scrape_interval },
        rule_files: ['rules.yml'],
        scrape_configs: [
          { ...status, static_configs: targets(haproxies.map(({ statusUrl }) => new URL(statusUrl).port)) },
          { ...certificate, static_configs: targets(haproxies.map(({ certificatePort }) => certificatePort)) },
        ],
      }),
    );
    const flags = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--query.lookback-delta=${scaleDuration('5m', factor)}`,
    ];
    const child = spawn('prometheus', flags, { stdio: 'ignore' });
    onTestFinished(async () => {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    });
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`);
    await eventually(() =>
      fetch(`${prometheus.url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    return prometheus;
  }

  /** Names and severities of the alerts that fire. */
  async firing(): Promise<string[]> {
    const answer = await fetch(`${this.url}/api/v1/alerts`);
    const { data } = (await answer.json()) as { data: { alerts: { state: string; labels: Record<string, string> }[] } };
    const fire = data.alerts.filter(({ state }) => state === 'firing');
    return [...new Set(fire.map(({ labels }) => `${labels['alertname']} ${labels['severity']}`))].sort();
  }

  async value(query: string): Promise<number | null> {
    const answer = await fetch(`${this.url}/api/v1/query?${new URLSearchParams({ query })}`);
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return data.result[0] === undefined ? null : Number(data.result[0].value[1]);
  }
}

interface Haproxy extends Balancer {
  readonly certificatePort: number;
}

async function haproxy(gateways: readonly [string, string], certificateDays: number): Promise<Haproxy> {
  const folder = join(temporaryFolder(), 'balancer');
  mkdirSync(folder);
  const certificatePort = await freePort();
  const started = await startHaproxy({ folder, gateways, certificateDays, certificatePort });
  onTestFinished(() => started.process.stop());
  return { ...started, certificatePort };
}

test(
  'none fires with streams, nor while one of two drains; when the last is killed, AcsBalancerDown does',
  judgingTimes(async () => {
    const gateway = await GatewayProcess.start('--trust-proxy', '--proxy-cidr', '127.0.0.1/32');
    onTestFinished(() => gateway.kill());
    const address = `127.0.0.1:${gateway.port}`;
    const [going, staying] = [await haproxy([address, address], 90), await haproxy([address, address], 90)];
    await eventually(async () => (await fetch(`${going.statusUrl}/healthz`)).status === 200);
    const callers = [await dial(balancerUrl(going)), await dial(balancerUrl(staying))];
    expect(callers.map(({ status }) => status)).toEqual([101, 101]);
    const prometheus = await Prometheus.start([going, staying]);
    await eventually(
      async () => (await prometheus.value('sum(haproxy_backend_current_sessions{proxy="gateways"})')) === 2,
    );
    going.process.drain();
    await eventually(async () => (await prometheus.value('sum(up{job="acs-audio-balancer"})')) === 1);
    // Ten minutes of the rules' time.
    await sleep(600_000 / factor);
    expect(await prometheus.firing()).toEqual([]);

    await staying.process.kill();
    await eventually(async () => (await prometheus.firing()).includes('AcsBalancerDown critical'));
    for (const { socket } of callers) socket.terminate();
  }),
);

test(
  'no gateway behind it, newcomers that are refused, and a certificate of a day are each an alert',
  judgingTimes(async () => {
    const alone = await haproxy(['127.0.0.1:1', '127.0.0.1:2'], 1);
    const prometheus = await Prometheus.start([alone]);
    let isOver = false;
    onTestFinished(() => {
      isOver = true;
    });
    void (async () => {
      while (!isOver) {
        await dial(balancerUrl(alone));
        await sleep(200);
      }
    })();
    const expected = [
      'AcsBalancerCertificateExpires critical',
      'AcsBalancerNoGateway critical',
      'AcsBalancerRefusing critical',
    ];
    await eventually(async () => {
      const firing = await prometheus.firing();
      return expected.every((alert) => firing.includes(alert));
    });
    isOver = true;
    const left = await prometheus.value('acs_balancer_certificate_expiry_timestamp_seconds - time()');
    expect(left).toBeLessThan(86_400);
  }),
);
