/**
 * A share of one core for a process and all its threads, by the kernel's bandwidth control: how one machine stands in for
 * several. Linux with the `cpu` controller of cgroup v1, as root; elsewhere nothing can be limited.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

const hierarchy = '/sys/fs/cgroup/cpu';
/** Short, so that a process that has used its share waits for no longer than half a frame. */
const periodUs = 10_000;

let groups = 0;

/** What a benchmark left behind that was killed: its processes had not been buried yet when it ended. */
function removeStale(): void {
  for (const name of readdirSync(hierarchy)) {
    const owner = /^bench-fleet-(\d+)-\d+$/.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) tryToRemove(`${hierarchy}/${name}`);
  }
}

function tryToRemove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody is still in it.
  }
}

export function canLimitCpu(): boolean {
  if (!existsSync(`${hierarchy}/cpu.cfs_quota_us`)) return false;
  try {
    removeStale();
    new CpuShare(1).remove();
    return true;
  } catch {
    return false;
  }
}

export class CpuShare {
  private readonly folder: string;

  /** `cores`: 0.25 is a quarter of one. Throws where that cannot be had. */
  constructor(cores: number) {
    this.folder = `${hierarchy}/bench-fleet-${process.pid}-${groups++}`;
    mkdirSync(this.folder);
    this.write('cpu.cfs_period_us', periodUs);
    this.write('cpu.cfs_quota_us', Math.round(cores * periodUs));
  }

  /** From now on. Its threads go with it. */
  hold(pid: number): void {
    this.write('cgroup.procs', pid);
  }

  /** The share of the periods in which the processes had to wait for the next one. */
  throttled(): number {
    const text = readFileSync(`${this.folder}/cpu.stat`, 'utf8');
    const figure = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
    return figure('nr_throttled') / Math.max(1, figure('nr_periods'));
  }

  /** Once its processes have ended. */
  remove(): void {
    tryToRemove(this.folder);
  }

  private write(name: string, value: number): void {
    writeFileSync(`${this.folder}/${name}`, String(value));
  }
}
