/** The single checks of `doctor`: each looks at one thing and says how it is, and how to fix it. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import { runtimeProblem } from '../base/runtime.ts';
import type { Config } from '../config/serve-settings.ts';
import { configOf, configsOf } from '../config/share.ts';
import { geometryOf } from '../memory/geometry.ts';
import { type Geometry, laneBytes, ringBytes, streamSlotBytes } from '../memory/sizes.ts';
import { loadSimdjson } from '../protocol/parsers.ts';
import { portToListenOn } from '../socket/port.ts';

export interface Finding {
  readonly name: string;
  /** `note`: nothing is wrong, but worth knowing. */
  readonly verdict: 'ok' | 'note' | 'wrong';
  readonly detail: string;
  readonly remedy?: string;
}

/** Descriptors that a gateway needs beside its sockets and files. */
const spareDescriptors = 256;
const mib = 2 ** 20;

export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}

export function nodeVersion(versions: Readonly<Record<string, string | undefined>>): Finding {
  const problem = runtimeProblem(versions);
  if (problem === null) return { name: 'node', verdict: 'ok', detail: `Node.js ${versions['node']}` };
  return { name: 'node', verdict: 'wrong', detail: problem };
}

export async function uWebSockets(): Promise<Finding> {
  const name = 'uWebSockets.js';
  try {
    const { uws } = await import('../socket/uws-binary.ts');
    uws.App().close();
    return { name, verdict: 'ok', detail: `its binary loads on ${process.platform} ${process.arch}` };
  } catch (error) {
    return { name, verdict: 'wrong', detail: messageOf(error) };
  }
}

export function simdjson(config: Config): Finding {
  const name = 'simdjson addon';
  const addon = loadSimdjson();
  if (!('missing' in addon)) return { name, verdict: 'ok', detail: 'loads' };
  const isNeeded = config.decoder === 'simdjson';
  const remedy = isNeeded
    ? 'install python3, make and g++, then run npm rebuild simdjson; or choose --decoder scan'
    : 'needed for --decoder simdjson only';
  return { name, verdict: isNeeded ? 'wrong' : 'note', detail: `not usable: ${addon.missing}`, remedy };
}

/** `limits` is the content of /proc/self/limits, null where there is none. */
export function openFiles(config: Config, limits: string | null): Finding {
  const name = 'open files';
  const hard = limits?.match(/^Max open files\s+\S+\s+(\S+)/m)?.[1];
  if (hard === undefined) return { name, verdict: 'note', detail: 'the limit cannot be read on this system' };
  const limit = hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
  const { maxStreams } = configOf(config, 0);
  const needed = maxStreams + spareDescriptors;
  const detail = `limit ${hard}, ${needed} needed for ${maxStreams} streams${config.processes > 1 ? ' of a process' : ''}`;
  if (limit < needed) {
    const remedy =
      'raise it (LimitNOFILE= in systemd, ulimits in compose, /etc/security/limits.conf), or lower --max-streams';
    return { name, verdict: 'wrong', detail, remedy };
  }
  if (config.sink.length > 0 && limit < needed + config.sink.length * maxStreams) {
    const remedy =
      'each participant of each file sink takes a descriptor as well: at this limit fewer streams can be recorded';
    return { name, verdict: 'note', detail, remedy };
  }
  return { name, verdict: 'ok', detail };
}

/** The memory that this process may use: of its control group, else of the machine. */
export function memoryLimitBytes(): number {
  const group = readText('/sys/fs/cgroup/memory.max') ?? readText('/sys/fs/cgroup/memory/memory.limit_in_bytes');
  const limit = group === null || group.startsWith('max') ? Number.POSITIVE_INFINITY : Number(group);
  return Math.min(limit, totalmem());
}

function bytesOf({
  ringCount,
  ringSlotCount,
  streamCount,
  participantsMax,
  laneCount,
  laneHalfBytes,
}: Geometry): number {
  const streams = streamCount * streamSlotBytes(participantsMax);
  return ringCount * ringBytes(ringSlotCount) + streams + laneCount * laneBytes(laneHalfBytes);
}

export function sharedMemory(config: Config, limitBytes: number): Finding {
  const name = 'shared memory';
  const geometries = configsOf(config).map(geometryOf);
  const bytes = geometries.reduce((sum, geometry) => sum + bytesOf(geometry), 0);
  const ringCount = geometries.reduce((sum, geometry) => sum + geometry.ringCount, 0);
  const detail = `up to ${Math.ceil(bytes / mib)} MiB for ${ringCount} participants, of ${Math.floor(limitBytes / mib)} MiB`;
  if (geometries.some((geometry) => geometry.ringCount === 0)) {
    return { name, verdict: 'wrong', detail, remedy: '--ring-memory-mb does not hold a single participant: raise it' };
  }
  if (bytes > 0.8 * limitBytes) {
    return {
      name,
      verdict: 'wrong',
      detail,
      remedy: 'lower --ring-memory-mb or --ring-seconds, or give it more memory',
    };
  }
  return { name, verdict: 'ok', detail };
}

export function cores(config: Config): Finding {
  const count = availableParallelism();
  const { processes } = config;
  const workers = processes * configOf(config, 0).workers;
  const detail = `${count}, for ${processes} front end${processes > 1 ? 's' : ''} and ${workers} decode workers`;
  if (workers + processes <= Math.max(2, count)) return { name: 'cores', verdict: 'ok', detail };
  return { name: 'cores', verdict: 'note', detail, remedy: 'more threads than cores: jitter will show it' };
}

function canListen(host: string, port: number): Promise<string | null> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => settle(null)));
  });
}

function isShared({ host, port, tlsCert }: Config): Promise<boolean> {
  return portToListenOn({ host, port, sharing: 'ask', tls: tlsCert === null ? null : {} }).then(
    () => true,
    () => false,
  );
}

export async function ports(config: Config): Promise<Finding[]> {
  const wanted = [
    ['--port', config.host, config.port],
    ['--admin-port', config.adminHost, config.adminPort],
  ] as const;
  return Promise.all(
    wanted.map(async ([flag, host, port]): Promise<Finding> => {
      const problem = await canListen(host, port);
      const name = `${flag} ${port}`;
      if (problem === null) return { name, verdict: 'ok', detail: `free on ${host}` };
      if (problem === 'EADDRINUSE' && flag === '--port' && config.sharePort && (await isShared(config))) {
        return { name, verdict: 'ok', detail: `shared on ${host}` };
      }
      const remedy =
        problem === 'EADDRINUSE' ? `something listens there already: choose another ${flag}` : 'check the address';
      return { name, verdict: 'wrong', detail: `cannot listen on ${host}: ${problem}`, remedy };
    }),
  );
}
