/**
 * Makes docs/images/dashboard-*.png: two gateways, a Prometheus, and four minutes of calls in which something happens every minute.
 * `npm run docs:dashboards`; wants prometheus, chromium and ffmpeg.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { stringify } from 'yaml';
import { launchBrowser } from '../test/console/browser.ts';
import { freePort } from '../test/support/free-ports.ts';
import { eventually, GatewayProcess, sourceEntry } from '../test/support/gateway-process.ts';
import { recordSources } from './picture-sources.ts';
import { savePicture } from './save-picture.ts';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'acs-dashboards-'));
const running: ChildProcess[] = [];
const minuteMs = 60_000;
/** Those that show something without a balancer. */
const names = ['fleet', 'audio-quality', 'internals'];

/** Says back what it hears, so that there is audio into the calls. */
const echo = `import { defineSink, playbackTrackId } from '${join(root, 'src/index.ts')}';
export default defineSink(() => ({
  speaks: true,
  readIntervalMs: 20,
  open({ participantId }, checkpoint, stream) {
    if (participantId === playbackTrackId) return { write() {} };
    const utterance = stream.playback().begin({ isLive: true });
    return { write: (frame) => void utterance.write(frame.samples.subarray(0, frame.sampleCount)), end: () => utterance.end() };
  },
}));
`;

function start(command: string, ...args: readonly string[]): void {
  running.push(spawn(command, args, { cwd: root, stdio: 'ignore' }));
}

function startGateway(...flags: readonly string[]): Promise<GatewayProcess> {
  return GatewayProcess.startWith({ program: sourceEntry }, '--workers', '1', '--max-streams', '50', ...flags);
}

async function startPrometheus(gateways: Readonly<Record<string, GatewayProcess>>): Promise<string> {
  const targets = Object.entries(gateways).map(([instance, { adminPort }]) => ({
    targets: [`127.0.0.1:${adminPort}`],
    labels: { instance },
  }));
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [join(root, 'deploy/prometheus/rules/*.yml')],
    scrape_configs: [{ job_name: 'acs-audio-gateway', static_configs: targets }],
  };
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, stringify(config));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const data = `--storage.tsdb.path=${join(folder, 'data')}`;
  start('prometheus', `--config.file=${file}`, data, `--web.listen-address=127.0.0.1:${port}`);
  await eventually(() =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return url;
}

function call({ url }: GatewayProcess, flags: string): void {
  const simulate = ['--disable-warning=ExperimentalWarning', sourceEntry, 'simulate', '--url', url];
  start(process.execPath, ...simulate, ...flags.split(' '));
}

/** Four minutes; in the end calls are still under way. */
async function live(a: GatewayProcess, b: GatewayProcess): Promise<void> {
  call(a, '--calls 12 --participants 2 --duration 300s --silence 0.3');
  call(a, '--calls 8 --duration 300s');
  call(b, '--calls 12 --participants 2 --duration 300s --silence 0.3');
  await sleep(minuteMs);
  call(a, '--calls 4 --duration 60s --participants 2 --loss 0.08 --jitter-ms 60');
  call(b, '--calls 2 --duration 60s --participants 2 --loss 0.08 --jitter-ms 60');
  await sleep(minuteMs);
  call(a, '--calls 4 --duration 60s --stamp-jitter-ms 30');
  for (let times = 0; times < 2; times++) {
    await sleep(minuteMs / 3);
    b.signal('SIGSTOP');
    await sleep(700);
    b.signal('SIGCONT');
  }
  await sleep(minuteMs / 3);
  call(a, '--calls 4 --duration 120s --malformed 0.2');
  await sleep(minuteMs);
}

async function photograph(browser: Browser, file: string, size: string, picture: string): Promise<void> {
  const [width, height] = size.split('x').map(Number) as [number, number];
  const page = await browser.newPage({ viewport: { width, height } });
  await page.goto(`file://${file}`);
  savePicture(await page.screenshot(), picture);
}

writeFileSync(join(folder, 'echo.ts'), echo);
const recordings = (name: string) => ['--sink', `wav:${join(folder, name)}`];
const a = await startGateway(...recordings('a'), '--sink', `module:${join(folder, 'echo.ts')}?name=echo`);
const b = await startGateway(...recordings('b'));
const browser = await launchBrowser();
try {
  const prometheus = await startPrometheus({ 'gateway-a:9464': a, 'gateway-b:9464': b });
  await live(a, b);
  const preview = ['--prometheus', prometheus, '--out', folder, '--minutes', '4', '--scrape-interval', '1'];
  const flags = ['--disable-warning=ExperimentalWarning', 'grafana/preview.ts', ...preview];
  const drawn = execFileSync(process.execPath, flags, { cwd: root, encoding: 'utf8' });
  for (const [, page, size] of drawn.matchAll(/^(\S+\.html) (\d+x\d+)$/gm)) {
    const name = names.find((one) => basename(page!).includes(one));
    if (name === undefined) continue;
    await photograph(browser, page!, size!, join(import.meta.dirname, `images/dashboard-${name}.png`));
  }
  recordSources(names.map((name) => `dashboard-${name}.png`));
} finally {
  for (const child of running) child.kill('SIGKILL');
  await Promise.all([browser.close(), a.kill(), b.kill()]);
  await sleep(500);
  rmSync(folder, { recursive: true, force: true });
}
