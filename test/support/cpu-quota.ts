/** A control group (version 1) that gives processes a share of one core: a small machine for a program. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const controller = '/sys/fs/cgroup/cpu';
/** Short, so that a process that has used up its share waits for milliseconds. */
const periodMicros = 10_000;

let count = 0;

export class CpuQuota {
  private readonly folder: string;
  readonly cores: number;

  constructor(cores: number) {
    this.cores = cores;
    this.folder = join(controller, `acs-test-${process.pid}-${count++}`);
    mkdirSync(this.folder);
    this.write('cpu.cfs_period_us', periodMicros);
    this.write('cpu.cfs_quota_us', Math.round(cores * periodMicros));
  }

  /** Whether this machine lets one be made. */
  static isPossible(): boolean {
    try {
      new CpuQuota(1).remove();
      return true;
    } catch {
      return false;
    }
  }

  /** With all threads that it has. */
  add(pid: number): void {
    this.write('cgroup.procs', pid);
  }

  /** Of all periods in which something ran: in how many it had to wait. */
  get throttled(): { readonly periods: number; readonly throttled: number } {
    const text = readFileSync(join(this.folder, 'cpu.stat'), 'utf8');
    const of = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)![1]);
    return { periods: of('nr_periods'), throttled: of('nr_throttled') };
  }

  /** Its processes are gone by then. */
  remove(): void {
    rmdirSync(this.folder);
  }

  private write(name: string, value: number): void {
    writeFileSync(join(this.folder, name), String(value));
  }
}
