/** One gateway of the fleet: its real entry point, its real ports, its real metrics. */
import { join } from 'node:path';
import { root } from '../../report/cli.ts';
import { Child } from '../child.ts';
import { gatewayCounts } from '../gateway.ts';
import { type ProcessStats, readProcessStats, type Usage } from '../process-stats.ts';
import type { ServerCounts } from '../server.ts';

const startDeadlineMs = 20_000;

interface Addresses {
  readonly port: number;
  readonly adminPort: number;
}

export class Member {
  private readonly child: Child;
  private readonly addresses: Addresses;
  /** Of its processes, if there are several. */
  private readonly pids: readonly number[];

  private constructor(child: Child, addresses: Addresses, pids: readonly number[]) {
    this.child = child;
    this.addresses = addresses;
    this.pids = pids;
  }

  /** Several `processes` share its port. */
  static async start(streamsMost: number, processes = 1): Promise<Member> {
    const pids: number[] = [];
    let told: (addresses: Addresses) => void = () => {};
    const listening = new Promise<Addresses>((resolve) => {
      told = resolve;
    });
    const child = new Child({
      name: 'a gateway',
      file: join(root, 'src/main.ts'),
      args: flags(streamsMost, processes),
      env: environment(),
      isForked: false,
      onLine: (line) => {
        if (line.includes('"listening"')) told(JSON.parse(line) as Addresses);
        if (line.includes('"process started"')) pids.push((JSON.parse(line) as { readonly pid: number }).pid);
      },
    });
    try {
      return new Member(child, await child.orItsEnd(startDeadlineMs, 'its start', listening), pids);
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  get port(): number {
    return this.addresses.port;
  }

  /** CPU and memory of all its processes; the rest is of the first one. */
  stats(): ProcessStats {
    const all = [this.child.pid, ...this.pids].map(readProcessStats);
    const sum = (key: keyof Usage) => all.reduce((total, stats) => total + stats[key], 0);
    return {
      ...all[0]!,
      userUs: sum('userUs'),
      systemUs: sum('systemUs'),
      cpuUs: sum('cpuUs'),
      rssBytes: sum('rssBytes'),
    };
  }

  counts(): Promise<ServerCounts & { readonly streams: number }> {
    return gatewayCounts(this.addresses.adminPort);
  }

  async end(): Promise<void> {
    const code = await this.child.end();
    if (code !== 0) throw new Error(`a gateway ended with ${code}`);
  }

  async kill(): Promise<void> {
    this.child.kill();
    await this.child.end();
  }
}

/** Without the settings in the environment of the benchmark. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('ACS_GATEWAY_'));
  // A gateway that npm has started drains when its parent is gone: so also when this benchmark is killed.
  return { ...Object.fromEntries(own), npm_lifecycle_event: 'bench' };
}

function flags(streamsMost: number, processes: number): string[] {
  const values = {
    host: '127.0.0.1',
    port: 0,
    'admin-port': 0,
    processes,
    // Chance spreads them: each process could take all.
    'max-streams': streamsMost * processes,
    'max-participants': 1,
    'idle-timeout-ms': 3_600_000,
    'metadata-timeout-ms': 60_000,
    'drain-timeout-ms': 1000,
    // All streams are opened at once, from one address, and two generators give their streams the same names.
    'max-upgrades-per-second': 1_000_000,
    'max-upgrades-per-address': 1_000_000,
    duplicate: 'allow',
  };
  // What the balancer's PROXY header needs; without one it changes nothing.
  return ['serve', '--trust-proxy', ...Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)])];
}
