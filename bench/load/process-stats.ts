/** What a process costs, seen from outside. Linux only: it is read from /proc. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Of one process, or of several together. */
export interface Usage {
  /** In steps of 10 ms. */
  readonly userUs: number;
  readonly systemUs: number;
  /** Both, exactly, of the threads that are there. */
  readonly cpuUs: number;
  readonly rssBytes: number;
}

export interface ProcessStats extends Usage {
  readonly atMs: number;
  /** Of `cpuUs`, what the thread took that runs the event loop. */
  readonly mainThreadUs: number;
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

/** 0 for a thread that has just ended. */
function runUs(folder: string): number {
  try {
    return Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]) / 1000;
  } catch {
    return 0;
  }
}

/** Throws when the process is gone. */
export function readProcessStats(pid: number): ProcessStats {
  const folder = `/proc/${pid}`;
  const { userUs, systemUs } = parseStat(readFileSync(`${folder}/stat`, 'utf8'));
  const status = readFileSync(`${folder}/status`, 'utf8');
  const threads = readdirSync(`${folder}/task`).map((thread) => runUs(`${folder}/task/${thread}`));
  return {
    atMs: performance.now(),
    userUs,
    systemUs,
    cpuUs: threads.reduce((sum, us) => sum + us, 0),
    mainThreadUs: runUs(`${folder}/task/${pid}`),
    rssBytes: parseStatus(status, 'VmRSS'),
    rssPeakBytes: parseStatus(status, 'VmHWM'),
    descriptors: readdirSync(`${folder}/fd`).length,
  };
}

/** Of a process and of those that it has started, as nginx starts its workers. Memory that they share counts for each. */
export function readTreeUsage(pid: number): Usage {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  const all = [readProcessStats(pid), ...children.map(readTreeUsage)];
  const sum = (value: (one: Usage) => number): number => all.reduce((total, one) => total + value(one), 0);
  return {
    userUs: sum((one) => one.userUs),
    systemUs: sum((one) => one.systemUs),
    cpuUs: sum((one) => one.cpuUs),
    rssBytes: sum((one) => one.rssBytes),
  };
}
