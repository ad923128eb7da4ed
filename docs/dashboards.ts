/**
 * Makes docs/images/dashboard-*.png: two gateways, a Prometheus, and four minutes of calls in which something happens every minute.
 * `npm run docs:dashboards`; wants prometheus, chromium and ffmpeg.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { recordSources } from './picture-sources.ts';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'acs-dashboards-'));
const running: ChildProcess[] = [];
const minuteMs = 60_000;
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

function start(command: string, ...args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { cwd: root, stdio: 'ignore' });
  running.push(child);
  return child;
}

function gatewayCommand(...args: readonly string[]): ChildProcess {
  return start(process.execPath, '--disable-warning=ExperimentalWarning', 'src/main.ts', ...args);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await sleep(100);
  }
  throw new Error(`${url} does not answer`);
}

interface Gateway {
  readonly url: string;
  readonly adminPort: number;
  readonly process: ChildProcess;
}

async function startGateway(...flags: readonly string[]): Promise<Gateway> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const ports = ['--port', String(port), '--admin-port', String(adminPort)];
  const gateway = gatewayCommand('serve', '--workers', '1', '--max-streams', '50', ...ports, ...flags);
  await answers(`http://127.0.0.1:${adminPort}/readyz`);
  return { url: `ws://127.0.0.1:${port}/audio`, adminPort, process: gateway };
}

async function startPrometheus(gateways: Readonly<Record<string, Gateway>>): Promise<string> {
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
  await answers(`${url}/-/ready`);
  return url;
}

function call({ url }: Gateway, flags: string): ChildProcess {
  return gatewayCommand('simulate', '--url', url, ...flags.split(' '));
}

/** Until the last minute is over. */
async function live(a: Gateway, b: Gateway): Promise<void> {
  call(a, '--calls 12 --participants 2 --duration 238s --silence 0.3');
  call(a, '--calls 8 --duration 238s');
  call(b, '--calls 12 --participants 2 --duration 238s --silence 0.3');
  await sleep(minuteMs);
  call(a, '--calls 4 --duration 60s --participants 2 --loss 0.08 --jitter-ms 60');
  call(b, '--calls 2 --duration 60s --participants 2 --loss 0.08 --jitter-ms 60');
  await sleep(minuteMs);
  call(a, '--calls 4 --duration 60s --stamp-jitter-ms 30');
  for (let times = 0; times < 2; times++) {
    await sleep(minuteMs / 3);
    b.process.kill('SIGSTOP');
    await sleep(700);
    b.process.kill('SIGCONT');
  }
  await sleep(minuteMs / 3);
  call(a, '--calls 4 --duration 58s --malformed 0.2');
  await sleep(minuteMs);
}

function photograph(page: string, size: string, picture: string): void {
  const shot = join(folder, 'shot.png');
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    `--window-size=${size.replace('x', ',')}`,
  ];
  execFileSync('chromium', [...flags, `--screenshot=${shot}`, `file://${page}`], {
    stdio: 'ignore',
    timeout: minuteMs,
  });
  // 256 colours are enough, and a third of the size.
  const palette = 'split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=dither=none';
  execFileSync('ffmpeg', ['-y', '-loglevel', 'error', '-i', shot, '-vf', palette, picture]);
}

try {
  writeFileSync(join(folder, 'echo.ts'), echo);
  const recordings = (name: string) => ['--sink', `wav:${join(folder, name)}`];
  const a = await startGateway(...recordings('a'), '--sink', `module:${join(folder, 'echo.ts')}?name=echo`);
  const b = await startGateway(...recordings('b'));
  const prometheus = await startPrometheus({ 'gateway-a:9464': a, 'gateway-b:9464': b });
  await live(a, b);
  const preview = ['--prometheus', prometheus, '--out', folder, '--minutes', '4', '--scrape-interval', '1'];
  const flags = ['--disable-warning=ExperimentalWarning', 'grafana/preview.ts', ...preview];
  const drawn = execFileSync(process.execPath, flags, { cwd: root, encoding: 'utf8' });
  for (const [, page, size] of drawn.matchAll(/^(\S+\.html) (\d+x\d+)$/gm)) {
    const name = names.find((one) => basename(page!).includes(one))!;
    photograph(page!, size!, join(import.meta.dirname, `images/dashboard-${name}.png`));
  }
  console.log(
    readdirSync(join(import.meta.dirname, 'images'))
      .filter((name) => name.startsWith('dashboard-'))
      .join('\n'),
  );
  recordSources(names.map((name) => `dashboard-${name}.png`));
} finally {
  for (const child of running) child.kill('SIGKILL');
  await sleep(500);
  rmSync(folder, { recursive: true, force: true });
}
