/** A server of this folder as a process of its own, so that it can die, block and leak without us. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { nodeOptions } from '../support/node-options.ts';

export const rightToken = 'right-token-0123456789';

/** The port that it says on its first line. */
async function started(
  file: string,
  args: readonly string[],
  port: string,
): Promise<{ child: ChildProcess; port: string }> {
  const path = new URL(file, import.meta.url).pathname;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PORT: port, NODE_OPTIONS: nodeOptions() },
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < 10_000) stderr += chunk.toString();
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('close', (code) => reject(new Error(`${file} exited with ${code}: ${stderr}`)));
  });
  child.stdout.resume();
  // Some say their whole address.
  return { child, port: /(\d+)(\/audio)?$/.exec(line)![1]! };
}

export class ServerProcess implements AsyncDisposable {
  readonly url: string;
  deaths = 0;
  #child: ChildProcess;
  #isOver = false;
  #starting: Promise<void> | null = null;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /** Starts one of the files beside this one and waits for its port. */
  static async start(file: string, ...args: readonly string[]): Promise<ServerProcess> {
    const { child, port } = await started(file, args, '0');
    return new ServerProcess(`ws://127.0.0.1:${port}/audio`, child);
  }

  /** The same, started again whenever it dies, as systemd or Kubernetes would. */
  static async startKept(file: string, ...args: readonly string[]): Promise<ServerProcess> {
    const server = await ServerProcess.start(file, ...args);
    const { port } = new URL(server.url);
    const keep = () => {
      server.#child.once('close', () => {
        if (server.#isOver) return;
        server.deaths++;
        server.#starting = started(file, args, port).then(({ child }) => {
          server.#child = child;
          keep();
        });
      });
    };
    keep();
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#starting;
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}
