/**
 * A real load balancer with the configuration of deploy/, as a process of its own: what HAProxy and nginx have in common for the tests.
 * Only addresses, files and figures are changed, and each change must find its text.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { filesBelow } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';

export const deploy = resolve(import.meta.dirname, '../../deploy');

/** What a test asks of a balancer beyond the file in deploy/. */
export interface BalancerOptions {
  /** Where the gateways listen: HOST:PORT. */
  readonly gateways: readonly [string, string];
  /** A folder of its own: configuration, certificate, logs. */
  readonly folder: string;
  /** Seconds of silence that cut a stream. */
  readonly silenceSeconds?: number;
  /** How long streams may outlive a reload. */
  readonly hardStopSeconds?: number;
  /** Handshakes of one address. */
  readonly handshakes?: number;
  /** Streams at a time. */
  readonly streams?: number;
  /** From now until the certificate ends. */
  readonly certificateDays?: number;
  /** Says when it ends, by https. */
  readonly certificatePort?: number;
}

export type StartBalancer = (options: BalancerOptions) => Promise<Balancer>;

export interface Balancer {
  readonly name: string;
  readonly port: number;
  /** Metrics and health. */
  readonly statusUrl: string;
  readonly process: BalancerProcess;
  reload(): Promise<void>;
}

export function balancerUrl({ port }: Balancer, path = '/audio'): string {
  return `wss://127.0.0.1:${port}${path}`;
}

/** Replaces texts that each occur exactly once. */
export function substitute(text: string, changes: Readonly<Record<string, string>>): string {
  let changed = text;
  for (const [from, to] of Object.entries(changes)) {
    const parts = changed.split(from);
    if (parts.length !== 2)
      throw new Error(`${JSON.stringify(from)} is ${parts.length - 1} times in the configuration`);
    changed = parts.join(to);
  }
  return changed;
}

/** Longer than any reload takes. */
const signalAgainMs = 20_000;

/** The master process. What it and its workers write goes to a file in its folder. */
export class BalancerProcess {
  readonly folder: string;
  private readonly child: ChildProcess;
  private readonly output: string;

  constructor(command: string, args: readonly string[], folder: string, env: Readonly<Record<string, string>> = {}) {
    this.folder = folder;
    this.output = join(folder, 'output.log');
    const file = openSync(this.output, 'a');
    this.child = spawn(command, args, { stdio: ['ignore', file, file], env: { ...process.env, ...env } });
    const end = () => this.child.kill('SIGTERM');
    process.once('exit', end);
    this.child.once('exit', () => process.off('exit', end));
  }

  /** Of its workers, old ones included. */
  workers(): number[] {
    const { pid } = this.child;
    try {
      const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
      return text === '' ? [] : text.split(' ').map(Number);
    } catch {
      return [];
    }
  }

  /** Everything that it has written, to whichever file. */
  logs(): string {
    return [...filesBelow(this.folder, '.log').values()].join('\n');
  }

  /** What it has written about connections: a JSON object each. */
  records(): Record<string, unknown>[] {
    const lines = this.logs()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Sends a signal that makes it reload, and waits until there are new workers. */
  async reload(signal: NodeJS.Signals, isDone: () => boolean): Promise<void> {
    let askedMs = Number.NEGATIVE_INFINITY;
    await eventually(() => {
      if (this.child.exitCode !== null) throw new Error(`it exited with ${this.child.exitCode}: ${this.logs()}`);
      if (isDone()) return true;
      // HAProxy's master loses a signal that comes while it is busy with another one.
      if (performance.now() > askedMs + signalAgainMs) {
        this.child.kill(signal);
        askedMs = performance.now();
      }
      return false;
    });
  }

  /** Waits until `url` is answered; throws if the process ends instead. */
  async ready(url: string): Promise<void> {
    await eventually(async () => {
      if (this.child.exitCode !== null) throw new Error(`it exited with ${this.child.exitCode}: ${this.logs()}`);
      return fetch(url).then(
        () => true,
        () => false,
      );
    });
  }

  /** As when its machine's kernel, or its memory limit, ends it: all its streams at once. */
  async kill(): Promise<void> {
    const closed = once(this.child, 'close');
    const workers = this.workers();
    this.child.kill('SIGKILL');
    for (const pid of workers) process.kill(pid, 'SIGKILL');
    await closed;
  }

  /** Takes no streams any more, and ends with its last one. */
  drain(): void {
    this.child.kill('SIGUSR1');
  }

  /** Ends it, its workers and their streams. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await closed;
  }
}
