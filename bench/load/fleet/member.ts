/** One gateway of the fleet: its real entry point, its real ports, its real metrics. */
import { join } from 'node:path';
import { root } from '../../report/cli.ts';
import { Child } from '../child.ts';
import { gatewayCounts } from '../gateway.ts';
import { type ProcessStats, readProcessStats } from '../process-stats.ts';
import type { ServerCounts } from '../server.ts';

const startDeadlineMs = 20_000;

interface Addresses {
  readonly port: number;
  readonly adminPort: number;
}

export class Member {
  private readonly child: Child;
  private readonly addresses: Addresses;

  private constructor(child: Child, addresses: Addresses) {
    this.child = child;
    this.addresses = addresses;
  }

  static async start(streamsMost: number): Promise<Member> {
    let told: (addresses: Addresses) => void = () => {};
    const listening = new Promise<Addresses>((resolve) => {
      told = resolve;
    });
    const child = new Child({
      name: 'a gateway',
      file: join(root, 'src/main.ts'),
      args: flags(streamsMost),
      env: environment(),
      isForked: false,
      onLine: (line) => {
        if (line.includes('"listening"')) told(JSON.parse(line) as Addresses);
      },
    });
    try {
      return new Member(child, await child.orItsEnd(startDeadlineMs, 'its start', listening));
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  get port(): number {
    return this.addresses.port;
  }

  stats(): ProcessStats {
    return readProcessStats(this.child.pid);
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

function flags(streamsMost: number): string[] {
  const values = {
    host: '127.0.0.1',
    port: 0,
    'admin-port': 0,
    'max-streams': streamsMost,
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
