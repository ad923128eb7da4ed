/** Runs an example as a user does, as a process of its own, on free ports, and plays calls to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { encodeWavHeader } from '../../src/base/wav.ts';
import { eventually } from '../support/gateway-process.ts';
import { nodeOptions } from '../support/node-options.ts';
import { startSimulator } from '../support/simulator-process.ts';

export class ExampleProcess {
  output = '';
  private readonly child: ChildProcess;

  private constructor(name: string, flags: readonly string[]) {
    const file = name.endsWith('.ts') ? name : `${name}/main.ts`;
    const entry = new URL(`../../examples/${file}`, import.meta.url).pathname;
    this.child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...flags], {
      env: { ...process.env, NODE_OPTIONS: nodeOptions() },
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  /** Resolves when it listens. */
  static async start(name: string, ...flags: readonly string[]): Promise<ExampleProcess> {
    const example = new ExampleProcess(name, flags);
    await eventually(() => {
      if (example.child.exitCode !== null) throw new Error(`the example ended at once: ${example.output}`);
      return /ws:\S+\/audio/.test(example.output);
    });
    return example;
  }

  get url(): string {
    return /ws:\S+\/audio/.exec(this.output)![0];
  }
  get lines(): string[] {
    return this.output.trim().split('\n');
  }

  simulate(...flags: readonly string[]) {
    return this.simulateAt(this.url, ...flags);
  }
  simulateAt(url: string, ...flags: readonly string[]) {
    return startSimulator(url, ...flags).report;
  }

  /** Presses Ctrl-C; returns the exit code. */
  async interrupt(): Promise<number | null> {
    this.child.kill('SIGINT');
    const [code] = (await once(this.child, 'close')) as [number | null];
    return code;
  }
}

export function writeWav(file: string, sampleRate: number, samples: Int16Array): void {
  const pcm = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  writeFileSync(file, Buffer.concat([encodeWavHeader(sampleRate, pcm.length), pcm]));
}
