/** Runs the real gateway, as a process of its own, the way a user does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { StreamReport } from '../../src/stream/stream-report.ts';
import { nodeOptions } from './node-options.ts';

/** What a clone runs. */
export const sourceEntry = new URL('../../src/main.ts', import.meta.url).pathname;
/** In tests what npm ships (product.ts); the same code, and quicker to start. */
export const entry = process.env['ACS_TEST_ENTRY'] ?? sourceEntry;

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function nodeArguments(args: readonly string[], program = entry): string[] {
  return ['--disable-warning=ExperimentalWarning', program, ...args];
}

/** Runs a command to its end. */
export function runCommand(args: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> {
  return runToEnd(process.execPath, nodeArguments(args), env);
}

/** The same without root's right to write wherever it likes, if it is root who runs the tests. */
export function runUnprivileged(args: readonly string[]): Promise<CommandResult> {
  if (process.getuid?.() !== 0) return runCommand(args);
  return runToEnd('setpriv', ['--bounding-set=-dac_override', process.execPath, ...nodeArguments(args)]);
}

async function runToEnd(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const child = spawn(command, args, { env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 90_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, stdout, stderr };
}

export interface GatewayProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly openFiles?: number | null;
  readonly program?: string;
}

/** A start that takes longer was on a busy machine. */
const quickStartMs = 1500;

export class GatewayProcess {
  readonly log: LogLine[];
  readonly port: number;
  readonly adminPort: number;
  private readonly child: ChildProcess;
  private readonly errors: readonly string[];
  private readonly exited: Promise<number | null>;

  private constructor(
    child: ChildProcess,
    log: LogLine[],
    errors: string[],
    exited: Promise<number | null>,
    listening: LogLine,
  ) {
    this.child = child;
    this.log = log;
    this.errors = errors;
    this.exited = exited;
    this.port = listening['port'] as number;
    this.adminPort = listening['adminPort'] as number;
  }

  /** Starts one on free ports and waits until it listens. */
  static start(...flags: readonly string[]): Promise<GatewayProcess> {
    return GatewayProcess.startIn({}, ...flags);
  }

  /** The same with variables of the environment beside our own. */
  static startIn(env: Readonly<Record<string, string>>, ...flags: readonly string[]): Promise<GatewayProcess> {
    return GatewayProcess.startWith({ env }, ...flags);
  }

  /** The same with a limit of open files, or with a program of ours that does what `serve` does. */
  static async startWith(
    { env = {}, openFiles = null, program = entry }: GatewayProcessOptions,
    ...flags: readonly string[]
  ): Promise<GatewayProcess> {
    const serve = [
      process.execPath,
      ...nodeArguments(['serve', '--port', '0', '--admin-port', '0', ...flags], program),
    ];
    const limited = ['sh', '-c', `ulimit -n ${openFiles} && exec "$@"`, 'sh', ...serve];
    const [command, ...args] = (openFiles === null ? serve : limited) as [string, ...string[]];
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...(program.endsWith('.ts') && { NODE_OPTIONS: nodeOptions() }), ...env },
    });
    const begunMs = performance.now();
    const log: LogLine[] = [];
    const errors: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
    const exited = once(child, 'close').then(([code]) => code as number | null);
    const listening = await new Promise<LogLine>((resolve, reject) => {
      createInterface(child.stdout).on('line', (text) => {
        const line = JSON.parse(text) as LogLine;
        log.push(line);
        if (line.msg === 'listening') resolve(line);
      });
      exited.then((code) => reject(new Error(`the gateway exited with ${code}: ${errors.join('')}`)));
    });
    const gateway = new GatewayProcess(child, log, errors, exited, listening);
    if (performance.now() - begunMs > quickStartMs) await gateway.hasRoom();
    return gateway;
  }

  /** Waits, not for ever, until it does not refuse calls any more because its start kept its main thread busy. */
  private async hasRoom(): Promise<void> {
    for (const giveUpMs = performance.now() + 5000; performance.now() < giveUpMs; ) {
      const isReady = await this.admin('/readyz').then(
        ({ status }) => status === 200,
        () => false,
      );
      if (isReady) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/audio`;
  }

  /** What it wrote to standard error so far. */
  get stderr(): string {
    return this.errors.join('');
  }

  get pid(): number {
    return this.child.pid!;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** The exit code, once it has ended. */
  exit(): Promise<number | null> {
    return this.exited;
  }

  /** Asks it to drain and waits for its end. Returns the last log line: the account. Throws if it crashed. */
  async drain(): Promise<{ readonly code: number | null; readonly last: LogLine }> {
    this.signal('SIGTERM');
    const code = await this.exited;
    const signal = this.child.signalCode;
    if (signal !== null && signal !== 'SIGKILL') throw new Error(`crashed by ${signal}: ${this.errors.join('')}`);
    return { code, last: this.log.at(-1)! };
  }

  /** For afterEach: ends it whatever it does. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  admin(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.adminPort}${path}`);
  }

  async streams(): Promise<readonly StreamReport[]> {
    return ((await (await this.admin('/streams')).json()) as { streams: StreamReport[] }).streams;
  }

  /** All samples of `/metrics`, by name and labels as they stand in the text, without the prefix. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const samples = new Map<string, number>();
    for (const line of (await (await this.admin('/metrics')).text()).split('\n')) {
      const match = /^acs_gateway_(\S+) (\S+)$/.exec(line);
      if (match !== null) samples.set(match[1]!, Number(match[2]));
    }
    return samples;
  }
}

/** Longer than anything here takes on a busy machine; a minute is the longest that the gateway itself waits. */
const eventuallyMsMax = 100_000;

/** Waits until `condition` holds; throws if it never does. Looking costs little beside waiting: seldom, where that takes long. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const startedMs = performance.now();
  for (const giveUpMs = startedMs + eventuallyMsMax; ; ) {
    const begun = performance.now();
    if (await condition()) return;
    const tookMs = performance.now() - begun;
    if (begun > giveUpMs) throw new Error(`not after ${eventuallyMsMax / 1000} s: ${condition}`);
    await new Promise((resolve) =>
      setTimeout(resolve, Math.min(150, Math.max(20, 9 * tookMs, (begun - startedMs) / 20))),
    );
  }
}
