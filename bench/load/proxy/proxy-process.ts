/** A proxy that the benchmark starts, with a folder of its own: its port, its costs, its end. None outlives the benchmark. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { before } from '../deadline.ts';
import { readTreeUsage, type Usage } from '../process-stats.ts';

const startDeadlineMs = 10_000;
const endDeadlineMs = 10_000;
const pollMs = 50;

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) killGroup(child);
});

/** Its workers as well: those of nginx would outlive it. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of them have ended.
  }
}

export type ProxyProgram = 'haproxy' | 'nginx';

/** Null: this machine does not have it. */
export function programVersion(program: ProxyProgram): string | null {
  const { stdout, stderr } = spawnSync(program, ['-v'], { encoding: 'utf8' });
  return /\d+(?:\.\d+)+/.exec(`${stdout ?? ''}${stderr ?? ''}`)?.[0] ?? null;
}

export function hasProgram(program: ProxyProgram): boolean {
  return programVersion(program) !== null;
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

/** A folder for what a proxy needs; it goes when the proxy does. */
export function proxyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'bench-proxy-'));
}

export interface ProxyStart {
  readonly program: ProxyProgram;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly folder: string;
  /** Where it listens when it is up. */
  readonly port: number;
}

export class ProxyProcess {
  readonly port: number;
  private readonly child: ChildProcess;
  private readonly folder: string;
  private readonly exited: Promise<unknown>;
  private said = '';

  private constructor({ program, args, env = {}, folder, port }: ProxyStart) {
    this.folder = folder;
    this.port = port;
    this.child = spawn(program, args, {
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

  /** Returns once it listens. */
  static async start(options: ProxyStart): Promise<ProxyProcess> {
    const started = new ProxyProcess(options);
    const deadlineMs = performance.now() + startDeadlineMs;
    while (!(await isListening(options.port))) {
      if (!alive.has(started.child) || performance.now() > deadlineMs) {
        started.kill();
        throw new Error(`${options.program} did not start: ${started.said.trim()}`);
      }
      await sleep(pollMs);
    }
    return started;
  }

  /** Of all its processes. */
  stats(): Usage {
    return readTreeUsage(this.child.pid!);
  }

  async end(): Promise<void> {
    this.child.kill('SIGTERM');
    try {
      await before(endDeadlineMs, 'the end of a proxy', this.exited);
    } finally {
      this.kill();
    }
  }

  kill(): void {
    killGroup(this.child);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
