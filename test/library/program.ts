/** Runs the program of `gateway.ts`, and keeps what it prints. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { eventually } from '../support/gateway-process.ts';
import { nodeOptions } from '../support/node-options.ts';

interface Event {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks at is what it expects
  readonly data: any;
}

export class Program {
  readonly events: Event[] = [];
  private readonly child: ChildProcess;

  constructor(sinks: readonly string[], env: Readonly<Record<string, string>>) {
    const entry = new URL('./gateway.ts', import.meta.url).pathname;
    this.child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...sinks], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    createInterface(this.child.stdout!).on('line', (line) => this.events.push(JSON.parse(line) as Event));
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  static start(...sinks: string[]): Promise<Program> {
    return Program.startIn({ NODE_OPTIONS: nodeOptions() }, sinks);
  }

  /** With these files of `test/` loaded before it, in each of its threads. */
  static startWith(preloads: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Program> {
    const addresses = preloads.map((name) => new URL(`../${name}.ts`, import.meta.url).href);
    return Program.startIn({ NODE_OPTIONS: nodeOptions(...addresses), ...env }, []);
  }

  private static async startIn(env: Readonly<Record<string, string>>, sinks: readonly string[]): Promise<Program> {
    const program = new Program(sinks, env);
    await eventually(() => program.of('listening').length > 0);
    return program;
  }

  of(event: string) {
    return this.events.filter((one) => one.event === event).map(({ data }) => data);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.of('listening')[0].port}/audio`;
  }

  async metric(name: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.of('listening')[0].adminPort}/metrics`);
    const line = (await response.text()).split('\n').find((one) => one.startsWith(`acs_gateway_${name} `));
    return Number(line?.split(' ').at(-1));
  }

  async stop() {
    this.child.kill('SIGTERM');
    await once(this.child, 'close');
    return this.of('stopped')[0];
  }
}
