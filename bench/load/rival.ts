/** The rivals, seen from the benchmark. */
import { Child } from './child.ts';
import { GcLog } from './gc-log.ts';
import { rivalLabels } from './labels.ts';
import type { Server, ServerCounts, ServerKind, ServerOptions } from './server.ts';
import { verifyVariable } from './servers/accounting.ts';

class Rival implements Server {
  readonly path = '/audio';
  readonly gc: GcLog;
  readonly port: number;
  private readonly child: Child;

  constructor(child: Child, gc: GcLog, port: number) {
    this.child = child;
    this.gc = gc;
    this.port = port;
  }

  get pid(): number {
    return this.child.pid;
  }

  counts(): Promise<ServerCounts> {
    return this.child.ask('counts');
  }

  async end(): Promise<void> {
    await this.child.end();
  }

  kill(): void {
    this.child.kill();
  }

  digestWritten(): null {
    return null;
  }
}

async function start(file: string, args: readonly string[], { isVerified }: ServerOptions): Promise<Rival> {
  const gc = new GcLog();
  const child = new Child({
    name: file,
    file: new URL(`./servers/${file}`, import.meta.url).pathname,
    args,
    nodeFlags: ['--trace-gc'],
    env: isVerified ? { ...process.env, [verifyVariable]: '1' } : process.env,
    isForked: true,
    onLine: (line) => gc.take(line),
  });
  try {
    return new Rival(child, gc, await child.ask('listen'));
  } catch (error) {
    child.kill();
    throw error;
  }
}

function rival(key: string, label: string, file: string, ...args: readonly string[]): ServerKind {
  const isDecoding = file !== 'bare.ts';
  return { key, label, isGateway: false, isDecoding, start: (options) => start(file, args, options) };
}

/** Two that also send every frame back. */
export const echoes = {
  bare: rival('bare-both', rivalLabels.bare, 'bare.ts', 'echo'),
  sample: rival('sample-both', rivalLabels.sample, 'sample.ts', 'echo'),
} as const;

/** The floor. */
export const bare = rival('bare', rivalLabels.bare, 'bare.ts');
export const sample = rival('sample', rivalLabels.sample, 'sample.ts');

export const rivals: readonly ServerKind[] = [
  bare,
  rival('json', rivalLabels.json, 'json.ts'),
  sample,
  rival('task', rivalLabels.task, 'task.ts'),
  rival('task-tuned', rivalLabels.taskTuned, 'task.ts', 'tuned'),
];
