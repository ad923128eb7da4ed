/** A real nats-server as a process of its own, on a port and with storage that stay the same when it is killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-ports.ts';
import { eventually } from '../support/gateway-process.ts';

export class NatsServer {
  readonly port: number;
  /** What the server itself wrote. */
  log = '';
  private readonly folder: string;
  private child: ChildProcess | null = null;
  private isRemoved = false;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  /** A server that is not there yet. `config`: further lines of its configuration. */
  static async away(config = ''): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), mkdtempSync(join(tmpdir(), 'acs-nats-')));
    server.configure(config);
    return server;
  }

  /** One that answers. */
  static async create(config = ''): Promise<NatsServer> {
    const server = await NatsServer.away(config);
    await server.start();
    return server;
  }

  /** For a test: gone when it is over. */
  static async forTest(config = ''): Promise<NatsServer> {
    const { onTestFinished } = await import('vitest');
    const server = await NatsServer.create(config);
    onTestFinished(() => server.remove());
    return server;
  }

  /** With JetStream in a folder of its own. */
  static withJetStream(): Promise<NatsServer> {
    return NatsServer.forTest('jetstream { max_file_store: 4GB }');
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The same by name, for TLS: an address is not what a certificate is checked against. */
  get named(): string {
    return `localhost:${this.port}`;
  }

  /** Holds from the next start, or `reload`. */
  configure(config: string): void {
    const own = [`listen: "127.0.0.1:${this.port}"`, `store_dir: ${JSON.stringify(this.folder)}`];
    writeFileSync(join(this.folder, 'server.conf'), [...own, config, ''].join('\n'));
  }

  async start(): Promise<void> {
    // A test that has timed out may come here afterwards.
    if (this.isRemoved) throw new Error('the server was removed');
    const from = this.log.length;
    const child = spawn('nats-server', ['-c', join(this.folder, 'server.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    child.stderr.on('data', (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    await eventually(() => this.log.includes('Server is ready', from) || child.exitCode !== null);
    if (child.exitCode !== null) throw new Error(`nats-server does not start: ${this.log.slice(from)}`);
  }

  /** As a machine that is switched off. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  /** It stands still, and its connections stay open. */
  stop(): void {
    this.child?.kill('SIGSTOP');
  }
  goOn(): void {
    this.child?.kill('SIGCONT');
  }

  /** It takes up a new configuration without ending. */
  async reload(config: string): Promise<void> {
    const from = this.log.length;
    this.configure(config);
    this.child?.kill('SIGHUP');
    await eventually(() => this.log.includes('Reloaded server configuration', from));
  }

  async remove(): Promise<void> {
    this.isRemoved = true;
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
