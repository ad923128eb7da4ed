/** What this machine has beyond Node.js and npm, of what tests need: programs, rights, a compiled addon. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { loadSimdjson } from '../../src/protocol/parsers.ts';
import { CpuQuota } from './cpu-quota.ts';

export interface Probe {
  readonly isThere: () => boolean;
  /** What brings it. */
  readonly remedy: string;
  /** CI may do without it, for the reason in `remedy`. */
  readonly excuse?: true;
}

function hasProgram(name: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function program(name: string, debianPackage = name): Probe {
  return { isThere: () => hasProgram(name), remedy: `apt-get install --no-install-recommends ${debianPackage}` };
}

const isRoot = process.getuid?.() === 0;

/** Whether a file system of one's own can be made. A loop device needs more than a tmpfs. */
function canFreeze(): boolean {
  const hasPrograms = ['mkfs.ext4', 'losetup', 'fsfreeze'].every(hasProgram);
  return hasPrograms && spawnSync('losetup', ['--find']).status === 0 && canMount();
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'acs-mount-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0;
  if (isMounted) spawnSync('umount', [folder]);
  rmdirSync(folder);
  return isMounted;
}

export const probes = {
  amtool: program('amtool', 'prometheus-alertmanager'),
  chromium: program('chromium'),
  dotnet: { isThere: () => hasProgram('dotnet'), remedy: 'the .NET SDK, and NuGet', excuse: true },
  ffprobe: program('ffprobe', 'ffmpeg'),
  haproxy: program('haproxy'),
  javac: {
    isThere: () => hasProgram('javac'),
    remedy: 'apt-get install --no-install-recommends default-jdk-headless',
    excuse: true,
  },
  kubectl: { isThere: () => hasProgram('kubectl'), remedy: 'no package of Debian has it', excuse: true },
  'nats-server': program('nats-server'),
  nginx: program('nginx'),
  openssl: program('openssl'),
  prometheus: program('prometheus'),
  prlimit: program('prlimit', 'util-linux'),
  'prometheus-alertmanager': program('prometheus-alertmanager'),
  promtool: program('promtool', 'prometheus'),
  script: program('script', 'bsdutils'),
  soxi: program('soxi', 'sox'),
  python3: {
    isThere: () => hasProgram('python3'),
    remedy: 'apt-get install --no-install-recommends python3',
    excuse: true,
  },
  'systemd-analyze': program('systemd-analyze', 'systemd'),
  'cpu pressure': {
    isThere: () => existsSync('/proc/pressure/cpu'),
    remedy: 'a kernel that counts it (CONFIG_PSI)',
    excuse: true,
  },
  'cpu quota': {
    isThere: CpuQuota.isPossible,
    remedy: 'root, and control groups of version 1 that can be written',
    excuse: true,
  },
  linux: { isThere: () => process.platform === 'linux', remedy: 'another machine' },
  mount: { isThere: canMount, remedy: 'root, and a system that lets it mount a tmpfs' },
  'frozen disk': {
    isThere: canFreeze,
    remedy: 'root, loop devices, and apt-get install --no-install-recommends e2fsprogs mount util-linux',
  },
  'network namespaces': {
    isThere: () => isRoot && hasProgram('ip') && spawnSync('ip', ['netns', 'list']).status === 0,
    remedy: 'root, and apt-get install --no-install-recommends iproute2',
  },
  'write protection': {
    isThere: () => !isRoot || hasProgram('setpriv'),
    remedy: 'for root: apt-get install --no-install-recommends util-linux',
  },
  'simdjson addon': {
    isThere: () => !('missing' in loadSimdjson()),
    remedy: 'python3, make and g++, then npm rebuild simdjson',
  },
} as const satisfies Readonly<Record<string, Probe>>;

export type Need = keyof typeof probes;

const found = new Map<Need, boolean>();

/** Whether this machine has it; for a table of tests that is longer with it. */
export function has(need: Need): boolean {
  const known = found.get(need) ?? probes[need].isThere();
  found.set(need, known);
  return known;
}
