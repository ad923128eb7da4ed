/**
 * What the kernel says of CPUs since a moment: the share of the time in which some thread wanted one and waited (`/proc/pressure/cpu`),
 * and the share of the CPUs' time that the host gave to others (`/proc/stat`). 0 where it does not say.
 */
import { readFileSync } from 'node:fs';

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Microseconds since the machine started; null where the kernel does not count them. */
export function waitedUs(pressure: string): number | null {
  const total = /^some .*\btotal=(\d+)/m.exec(pressure)?.[1];
  return total === undefined ? null : Number(total);
}

/** Ticks of all CPUs: what was stolen, and all of them. */
export function ticks(stat: string): { readonly stolen: number; readonly all: number } {
  // User, nice, system, idle, I/O wait, interrupts, soft interrupts, steal; guests are part of user.
  const counts = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').slice(0, 8).map(Number);
  return { stolen: counts[7] ?? 0, all: counts.reduce((sum, count) => sum + count, 0) };
}

export class CpuWait {
  private readonly sinceMs = performance.now();
  private readonly waitedUs = waitedUs(read('/proc/pressure/cpu'));
  private readonly ticks = ticks(read('/proc/stat'));

  get waitShare(): number {
    const now = waitedUs(read('/proc/pressure/cpu'));
    if (now === null || this.waitedUs === null) return 0;
    return (now - this.waitedUs) / 1000 / Math.max(1, performance.now() - this.sinceMs);
  }

  get stealShare(): number {
    const { stolen, all } = ticks(read('/proc/stat'));
    return (stolen - this.ticks.stolen) / Math.max(1, all - this.ticks.all);
  }
}
