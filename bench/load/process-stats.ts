/** What a process costs, seen from outside. Linux only: it is read from /proc. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface ProcessStats {
  readonly atMs: number;
  readonly userUs: number;
  readonly systemUs: number;
  /** CPU of the thread that runs the event loop. */
  readonly mainThreadUs: number;
  readonly rssBytes: number;
  readonly rssPeakBytes: number;
  readonly descriptors: number;
}

/** USER_HZ: 100 wherever Node.js runs. */
const usPerTick = 10_000;
const bytesPerKiB = 1024;

export function assertLinux(): void {
  if (!existsSync('/proc/self/schedstat')) throw new Error('this benchmark reads /proc: it runs on Linux only');
}

/** User and system time from `/proc/PID/stat`; the second field may hold spaces and brackets of any kind. */
export function parseStat(text: string): { readonly userUs: number; readonly systemUs: number } {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { userUs: Number(fields[11]) * usPerTick, systemUs: Number(fields[12]) * usPerTick };
}

/** A figure of `/proc/PID/status` in bytes. */
export function parseStatus(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  if (match === null) throw new Error(`/proc does not say ${name}`);
  return Number(match[1]) * bytesPerKiB;
}

/** Throws when the process is gone. */
export function readProcessStats(pid: number): ProcessStats {
  const folder = `/proc/${pid}`;
  const { userUs, systemUs } = parseStat(readFileSync(`${folder}/stat`, 'utf8'));
  const status = readFileSync(`${folder}/status`, 'utf8');
  const [runNs] = readFileSync(`${folder}/task/${pid}/schedstat`, 'utf8').split(' ');
  return {
    atMs: performance.now(),
    userUs,
    systemUs,
    mainThreadUs: Number(runNs) / 1000,
    rssBytes: parseStatus(status, 'VmRSS'),
    rssPeakBytes: parseStatus(status, 'VmHWM'),
    descriptors: readdirSync(`${folder}/fd`).length,
  };
}
