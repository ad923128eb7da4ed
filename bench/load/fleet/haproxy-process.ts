/** An HAProxy that the benchmark starts with a configuration of its own: its file, its port, its end. None outlives the benchmark. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { before } from '../deadline.ts';
import { type ProcessStats, readProcessStats } from '../process-stats.ts';

const startDeadlineMs = 10_000;
const endDeadlineMs = 10_000;
const pollMs = 50;

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export function hasHaproxy(): boolean {
  return spawnSync('haproxy', ['-v']).status === 0;
}

/** One that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => socket.destroy());
    socket.on('error', () => resolve(false));
    socket.on('close', (hadError) => resolve(!hadError));
  });
}

/** A folder for what an HAProxy needs; it goes when the HAProxy does. */
export function haproxyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'fleet-'));
}

export class HaproxyProcess {
  readonly port: number;
  private readonly child: ChildProcess;
  private readonly folder: string;
  private readonly exited: Promise<unknown>;
  private said = '';

  private constructor(folder: string, port: number, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.port = port;
    this.child = spawn('haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    alive.add(this.child);
    this.child.stderr!.on('data', (chunk: Buffer) => {
      this.said += chunk.toString();
    });
    this.exited = once(this.child, 'exit').then(() => alive.delete(this.child));
  }

  /** Returns once it listens at `port`, which the configuration must have. */
  static async start(
    folder: string,
    port: number,
    configuration: string,
    env: NodeJS.ProcessEnv,
  ): Promise<HaproxyProcess> {
    writeFileSync(join(folder, 'haproxy.cfg'), configuration);
    const started = new HaproxyProcess(folder, port, env);
    const deadlineMs = performance.now() + startDeadlineMs;
    while (!(await isListening(port))) {
      if (!alive.has(started.child) || performance.now() > deadlineMs) {
        started.kill();
        throw new Error(`haproxy did not start: ${started.said.trim()}`);
      }
      await sleep(pollMs);
    }
    return started;
  }

  stats(): ProcessStats {
    return readProcessStats(this.child.pid!);
  }

  async end(): Promise<void> {
    this.child.kill('SIGTERM');
    try {
      await before(endDeadlineMs, 'the end of haproxy', this.exited);
    } finally {
      this.kill();
    }
  }

  kill(): void {
    this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
