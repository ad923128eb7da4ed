/** The gateway's container as docs/containers.md starts it, the simulator's beside it, and what is measured of them. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulationReport } from '../../src/simulator/report.ts';
import type { Container, ContainerEngine, Output } from './engine.ts';
import { gatewayImage } from './images.ts';

/** On this machine's own loopback. */
export const port = 22_080;
export const adminPort = 22_464;

/** No network of its own, no capability, nothing to be written to. */
const hardened = [
  ...['--network', 'host', '--no-healthcheck', '--read-only', '--read-only-tmpfs=false', '--cap-drop', 'ALL'],
  ...['--security-opt', 'no-new-privileges'],
];

const basics = {
  ACS_GATEWAY_ALLOW_ANONYMOUS: 'true',
  ACS_GATEWAY_PORT: String(port),
  ACS_GATEWAY_ADMIN_PORT: String(adminPort),
};

/** Flags of podman for these settings and those that every run needs. */
export function gatewayFlags(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries({ ...basics, ...settings }).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
}

/** Runs the image to its end. */
export function oneShot(engine: ContainerEngine, flags: readonly string[], args: readonly string[]): Output {
  return engine.podman('run', '--rm', ...hardened, ...flags, gatewayImage, ...args);
}

export interface GatewayOptions {
  readonly settings?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

let runs = 0;

export function startGateway(engine: ContainerEngine, { settings = {}, flags = [] }: GatewayOptions = {}): Container {
  runs += 1;
  return engine.run(`gateway-${runs}`, [...hardened, ...flags, ...gatewayFlags(settings), gatewayImage]);
}

export class Simulator {
  private readonly container: Container;

  constructor(engine: ContainerEngine, flags: readonly string[], podmanFlags: readonly string[] = []) {
    runs += 1;
    const url = `ws://127.0.0.1:${port}/audio`;
    const command = ['simulate', '--url', url, '--report', 'json', ...flags];
    this.container = engine.run(`simulator-${runs}`, [...hardened, ...podmanFlags, gatewayImage, ...command]);
  }

  async stop(): Promise<void> {
    this.container.signal('TERM');
    await this.container.exit();
  }

  /** What it says at its end. Only the report begins with a brace at the beginning of a line. */
  async report(): Promise<{ readonly code: number | null; readonly report: SimulationReport }> {
    const code = await this.container.exit();
    const start = this.container.lines.findIndex((line) => line.startsWith('{'));
    const text = this.container.lines.slice(start).join('\n');
    return { code, report: JSON.parse(text.slice(0, text.lastIndexOf('}') + 1)) as SimulationReport };
  }
}

/** One sample of /metrics, without the prefix. */
export async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`acs_gateway_${name} `))
      ?.split(' ')[1],
  );
}

/** Waits until so many streams are connected. */
export async function streamsConnected(count: number): Promise<void> {
  for (const deadline = Date.now() + 15_000; (await metric('streams_active')) < count; await sleep(100)) {
    if (Date.now() > deadline) throw new Error(`${count} streams did not come`);
  }
}

/** Memory of the process now and at its most, and of its control group, in bytes. */
export function memoryOf(container: Container): {
  readonly now: number;
  readonly most: number;
  readonly group: number;
} {
  const pid = container.inspect<number>('.State.Pid');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)![1]);
  const peak = '/sys/fs/cgroup/memory.peak';
  const group = container.exec('sh', '-c', `cat ${peak} || cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes`);
  return { now: kib('VmRSS') * 1024, most: kib('VmHWM') * 1024, group: Number(group.stdout) };
}
