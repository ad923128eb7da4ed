/** Runs a real Prometheus that scrapes gateways every half second and has the recording rules. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../support/free-ports.ts';

const rules = resolve(import.meta.dirname, '../../deploy/prometheus/rules/recording.yml');

export class PrometheusProcess {
  readonly url: string;
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;
  private readonly folder: string;

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url;
    this.child = child;
    this.exited = once(child, 'close');
    this.folder = folder;
  }

  /** Starts it and waits until it is ready. */
  static async start(job: string, ...targets: readonly string[]): Promise<PrometheusProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'acs-prometheus-'));
    const port = await freePort();
    const config = {
      global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [{ job_name: job, static_configs: [{ targets }] }],
    };
    writeFileSync(join(folder, 'prometheus.yml'), stringify(config));
    const log = join(folder, 'log');
    const flags = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    const child = spawn('prometheus', flags, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr!.on('data', (chunk: Buffer) => writeFileSync(log, chunk, { flag: 'a' }));
    const prometheus = new PrometheusProcess(`http://127.0.0.1:${port}`, child, folder);
    while (!(await prometheus.isReady())) {
      if (child.exitCode !== null) throw new Error(`prometheus ended: ${readFileSync(log, 'utf8')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return prometheus;
  }

  private async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/-/ready`)).ok;
    } catch {
      return false;
    }
  }

  /** The values of a label of the series that a selector selects. */
  async labelValues(label: string, selector: string): Promise<string[]> {
    const parameters = new URLSearchParams({ 'match[]': selector });
    const answer = await fetch(`${this.url}/api/v1/label/${label}/values?${parameters}`);
    return ((await answer.json()) as { data: string[] }).data;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
