/**
 * buildah and podman without a Docker engine and without touching what they keep elsewhere on the machine: storage,
 * configuration and images of a run stand in a folder of its own, which `close` removes.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Nothing here takes longer, a build with its downloads included. */
const commandMsMax = 300_000;

/** What is needed from Debian, with the package that brings it. */
const tools = { buildah: 'buildah', podman: 'podman', runc: 'runc', debootstrap: 'debootstrap', ip: 'iproute2' };

/** Why containers cannot be run here, or null. */
export function containersMissing(): string | null {
  if (process.getuid?.() !== 0) return 'wants root';
  const missing = Object.entries(tools).filter(([tool]) => spawnSync(tool, ['--help']).error);
  return missing.length === 0
    ? null
    : `missing: apt-get install ${missing.map(([, name]) => name).join(' ')} catatonit`;
}

export interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function command(tool: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Output {
  const options = { encoding: 'utf8', env, timeout: commandMsMax, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 } as const;
  const { status, stdout, stderr, error } = spawnSync(tool, args, options);
  return { code: status, stdout, stderr: error === undefined ? stderr : `${error.message}\n${stderr}` };
}

/** Throws what it said, if it failed. */
export function must(tool: string, args: readonly string[], env?: NodeJS.ProcessEnv): string {
  const { code, stdout, stderr } = command(tool, args, env);
  if (code !== 0) {
    throw new Error(`${tool} ${args.slice(0, 4).join(' ')} … ended with ${code}:\n${stdout}${stderr}`.slice(-4000));
  }
  return stdout;
}

/** A container that runs, attached: its output as it comes, and its exit code. */
export class Container {
  readonly name: string;
  readonly lines: string[] = [];
  private readonly engine: ContainerEngine;
  private readonly child: ChildProcess;
  private readonly exited: Promise<number | null>;

  constructor(engine: ContainerEngine, name: string, args: readonly string[]) {
    this.engine = engine;
    this.name = name;
    this.child = spawn('podman', ['run', '--name', name, ...args], {
      // A container that is killed for its memory leaves a file `oom` in the current folder.
      cwd: engine.folder,
      env: engine.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      createInterface(stream).on('line', (line) => this.lines.push(line));
    }
    this.exited = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** The records of its log, as far as lines are JSON. */
  get log(): Record<string, unknown>[] {
    return this.lines.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []));
  }

  get output(): string {
    return this.lines.join('\n');
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null;
  }

  get isRunning(): boolean {
    return this.engine.podman('inspect', '--format', '{{.State.Running}}', this.name).stdout.trim() === 'true';
  }

  exit(): Promise<number | null> {
    return this.exited;
  }

  /** Waits for a record with this `msg`. Throws if the container ends before, or after `msMax`. */
  async logged(msg: string, msMax = 20_000): Promise<Record<string, unknown>> {
    const deadline = Date.now() + msMax;
    for (;;) {
      const found = this.log.find((record) => record['msg'] === msg);
      if (found !== undefined) return found;
      if (this.hasEnded || Date.now() > deadline) throw new Error(`${this.name} did not say ${msg}:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Runs a command in it. */
  exec(...args: readonly string[]): Output {
    return this.engine.podman('exec', this.name, ...args);
  }

  signal(name: string): void {
    this.engine.podman('kill', '--signal', name, this.name);
  }

  /** As `docker stop` does: the image's stop signal, and SIGKILL after the grace. */
  async stop(graceSeconds: number): Promise<number | null> {
    // Not podman's synchronous call: the container's output would not be read meanwhile.
    const stop = spawn('podman', ['stop', '--time', String(graceSeconds), this.name], { env: this.engine.env });
    await once(stop, 'close');
    return this.exited;
  }

  inspect<T>(template: string): T {
    const text = must('podman', ['inspect', '--format', `{{json ${template}}}`, this.name], this.engine.env);
    return JSON.parse(text) as T;
  }
}

export class ContainerEngine {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  private readonly containers: Container[] = [];

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'acs-containers-'));
    const store = join(this.folder, 'store');
    mkdirSync(store);
    const storage = join(this.folder, 'storage.conf');
    const containers = join(this.folder, 'containers.conf');
    writeFileSync(storage, `[storage]\ndriver = "overlay"\nrunroot = "${store}/run"\ngraphroot = "${store}/root"\n`);
    // runc, because crun fails on version 1 of control groups; no systemd is asked for anything; podman's own limits are
    // higher than what a container within a virtual machine may set.
    writeFileSync(
      containers,
      `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
runtime = "runc"
tmp_dir = "${store}/libpod"
volume_path = "${store}/volumes"
`,
    );
    this.env = {
      ...process.env,
      BUILDAH_ISOLATION: 'chroot',
      CONTAINERS_CONF: containers,
      CONTAINERS_STORAGE_CONF: storage,
    };
  }

  podman(...args: readonly string[]): Output {
    return command('podman', args, this.env);
  }

  /** Builds an image, without asking any registry for one. */
  build(tag: string, file: string, context: string, ...flags: readonly string[]): void {
    const fixed = ['--isolation', 'chroot', '--format', 'docker', '--network', 'host', '--pull-never', '--quiet'];
    must('buildah', ['bud', ...fixed, '--file', file, '--tag', tag, ...flags, context], this.env);
  }

  /** Starts a container; `args` as behind `podman run --name NAME`. */
  run(name: string, args: readonly string[]): Container {
    const container = new Container(this, name, args);
    this.containers.push(container);
    return container;
  }

  /** Where a named volume stands on this machine. */
  volume(name: string): string {
    return must('podman', ['volume', 'inspect', '--format', '{{.Mountpoint}}', name], this.env).trim();
  }

  imageBytes(image: string): number {
    return Number(must('podman', ['image', 'inspect', '--format', '{{.Size}}', image], this.env));
  }

  /** The command of an image's HEALTHCHECK. */
  healthCommand(image: string): string[] {
    const template = '{{json .Config.Healthcheck.Test}}';
    const text = must('podman', ['image', 'inspect', '--format', template, image], this.env);
    return (JSON.parse(text) as string[]).slice(1);
  }

  async close(): Promise<void> {
    this.podman('rm', '--all', '--force', '--time', '0', '--volumes');
    await Promise.race([
      Promise.all(this.containers.map((each) => each.exit())),
      new Promise((resolve) => setTimeout(resolve, 5000)),
    ]);
    command('umount', ['--lazy', join(this.folder, 'store/root/overlay')]);
    rmSync(this.folder, { recursive: true, force: true });
    if (existsSync(this.folder)) console.error(`left behind: ${this.folder}`);
  }
}
