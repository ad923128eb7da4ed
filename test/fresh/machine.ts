/**
 * The fresh machine: a bare Debian root with Node.js and npm from the npm registry, an unprivileged user, and a clone without
 * history. What it needs to reach the registry comes from this machine when it is made, and is nowhere in the repository.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { debianRoot } from '../container/debian-root.ts';
import { must } from '../container/engine.ts';
import { NetworkSettings } from './network.ts';

const repository = resolve(import.meta.dirname, '../..');
const enter = join(import.meta.dirname, 'enter.sh');
const tools = { debootstrap: 'debootstrap', git: 'git', npm: 'npm', unshare: 'util-linux', setpriv: 'util-linux' };
const namespaces = ['--mount', '--pid', '--fork', '--kill-child=SIGKILL'];

/** Of the one user; nobody of this machine is meant. */
const userId = 1000;
const home = '/home/user';
const clone = join(home, 'acs-audio-gateway');

/** Why there can be no fresh machine here, or null. */
export function freshMachineMissing(): string | null {
  if (process.platform !== 'linux') return 'Linux';
  if (process.getuid?.() !== 0) return 'root';
  const missing = Object.entries(tools).filter(([tool]) => spawnSync(tool, ['--version']).error !== undefined);
  if (missing.length > 0) return [...new Set(missing.map(([, name]) => name))].join(', ');
  return spawnSync('unshare', [...namespaces, 'true']).status === 0 ? null : 'mount and PID namespaces';
}

/** A command that runs on it: what it said, and how it ended. */
export interface Run {
  readonly output: string;
  readonly code: number | null;
  readonly isTimeUp: boolean;
  readonly ms: number;
}

export interface FreshMachineOptions {
  /** Major versions. */
  readonly node: string;
  readonly npm: string;
}

export class FreshMachine {
  private readonly folder = mkdtempSync(join(tmpdir(), 'acs-fresh-'));
  private readonly root = join(this.folder, 'root');
  private readonly network = NetworkSettings.ofThisMachine();
  private running: ChildProcess | null = null;
  private isRemoved = false;

  /** Half a minute the first time, for Debian. */
  make({ node, npm }: FreshMachineOptions): void {
    must('cp', ['--archive', debianRoot(), this.root]);
    this.unpack(`node-linux-${process.arch}@${node}`, 'usr/local', ['bin/node']);
    this.unpack(`npm@${npm}`, 'usr/local/lib/node_modules/npm');
    for (const name of ['npm', 'npx']) {
      symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(this.root, 'usr/local/bin', name));
    }
    must('chroot', [this.root, 'useradd', '--uid', String(userId), '--home-dir', home, '--create-home', 'user']);
    for (const file of ['/etc/resolv.conf', '/etc/hosts', ...this.network.files]) {
      mkdirSync(join(this.root, dirname(file)), { recursive: true });
      if (existsSync(file)) cpSync(file, join(this.root, file), { dereference: true });
    }
    // As a URL: from a path git would take all of the history.
    must('git', ['clone', '--quiet', '--depth', '1', `file://${repository}`, join(this.root, clone)]);
    must('chown', ['--recursive', `${userId}:${userId}`, join(this.root, home)]);
  }

  /** What is not committed is not in the clone. */
  get uncommitted(): number {
    return must('git', ['-C', repository, 'status', '--porcelain']).split('\n').length - 1;
  }

  get commits(): string {
    return must('git', ['-c', 'safe.directory=*', '-C', join(this.root, clone), 'log', '--format=%h %s']).trim();
  }

  readme(): string {
    return readFileSync(join(this.root, clone, 'README.md'), 'utf8');
  }

  /**
   * Runs a line of the shell in the clone, as the user, and ends it after `msMax`. `onOutput` sees all that was written so
   * far; what it calls `interrupt` for is a Ctrl-C.
   */
  async run(
    line: string,
    msMax: number,
    onOutput: (output: string, interrupt: () => void) => void = () => {},
  ): Promise<Run> {
    if (this.isRemoved) throw new Error('the fresh machine is gone');
    const started = performance.now();
    const variables = { HOME: home, USER: 'user', PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' };
    const all = Object.entries({ ...variables, ...this.network.variables });
    const inside = [
      'env',
      '--ignore-environment',
      `--chdir=${clone}`,
      ...all.map(([name, value]) => `${name}=${value}`),
    ];
    const args = ['unshare', ...namespaces, enter, this.root, String(userId), ...inside, 'sh', '-c', line];
    // Even if this process is killed, nothing of it stays: the namespaces end with it.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.running = child;
    let output = '';
    const interrupt = () => void process.kill(-child.pid!, 'SIGINT');
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        onOutput(output, interrupt);
      });
    }
    let isTimeUp = false;
    const timer = setTimeout(() => {
      isTimeUp = true;
      child.kill('SIGKILL');
    }, msMax);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    this.running = null;
    return { output, code, isTimeUp, ms: performance.now() - started };
  }

  /** Ends what runs on it, and removes it. */
  async remove(): Promise<void> {
    this.isRemoved = true;
    if (this.running !== null) {
      const ended = once(this.running, 'close');
      this.running.kill('SIGKILL');
      await ended;
    }
    must('rm', ['--recursive', '--force', '--one-file-system', this.folder]);
  }

  /** A package of the npm registry, through the npm of this machine. */
  private unpack(name: string, into: string, only: readonly string[] = []): void {
    const target = join(this.root, into);
    mkdirSync(target, { recursive: true });
    const packed = must('npm', ['pack', '--silent', '--pack-destination', this.folder, name]).trim();
    const members = only.map((member) => `package/${member}`);
    const flags = ['--no-same-owner', '--strip-components=1', '--directory', target];
    must('tar', ['--extract', '--gzip', '--file', join(this.folder, packed), ...flags, ...members]);
  }
}
