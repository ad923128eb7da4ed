/** The rivals, seen from the benchmark. */
import { certificateFiles } from './certificate.ts';
import { Child } from './child.ts';
import { GcLog } from './gc-log.ts';
import { rivalLabels } from './labels.ts';
import type { Server, ServerCounts, ServerKind, ServerOptions } from './server.ts';
import { verifyVariable } from './servers/accounting.ts';
import { tlsEnvironment } from './servers/tls-files.ts';

class Rival implements Server {
  readonly path = '/audio';
  readonly gc: GcLog;
  readonly port: number;
  readonly isTls: boolean;
  private readonly child: Child;

  constructor(child: Child, gc: GcLog, port: number, isTls: boolean) {
    this.isTls = isTls;
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

interface Variant {
  readonly file: string;
  readonly args?: readonly string[];
  readonly isTls?: boolean;
}

async function start({ file, args = [], isTls = false }: Variant, { isVerified }: ServerOptions): Promise<Rival> {
  const gc = new GcLog();
  const child = new Child({
    name: file,
    file: new URL(`./servers/${file}`, import.meta.url).pathname,
    args,
    nodeFlags: ['--trace-gc'],
    env: {
      ...process.env,
      ...(isVerified && { [verifyVariable]: '1' }),
      ...(isTls && tlsEnvironment(certificateFiles())),
    },
    isForked: true,
    onLine: (line) => gc.take(line),
  });
  try {
    return new Rival(child, gc, await child.ask('listen'), isTls);
  } catch (error) {
    child.kill();
    throw error;
  }
}

function rival(key: string, label: string, variant: Variant): ServerKind {
  const isDecoding = variant.file !== 'bare.ts';
  return { key, label, isGateway: false, isDecoding, start: (options) => start(variant, options) };
}

/** Two that also send every frame back. */
export const echoes = {
  bare: rival('bare-both', rivalLabels.bare, { file: 'bare.ts', args: ['echo'] }),
  sample: rival('sample-both', rivalLabels.sample, { file: 'sample.ts', args: ['echo'] }),
} as const;

/** Two over TLS. */
export const secureRivals = {
  bare: rival('bare-tls', rivalLabels.bareTls, { file: 'bare.ts', isTls: true }),
  sample: rival('sample-tls', rivalLabels.sampleTls, { file: 'sample.ts', isTls: true }),
} as const;

/** The floor. */
export const bare = rival('bare', rivalLabels.bare, { file: 'bare.ts' });
export const sample = rival('sample', rivalLabels.sample, { file: 'sample.ts' });

export const rivals: readonly ServerKind[] = [
  bare,
  rival('json', rivalLabels.json, { file: 'json.ts' }),
  sample,
  rival('task', rivalLabels.task, { file: 'task.ts' }),
  rival('task-tuned', rivalLabels.taskTuned, { file: 'task.ts', args: ['tuned'] }),
];
