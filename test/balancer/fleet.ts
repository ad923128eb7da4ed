/** Two real gateways behind a real balancer, with recordings, and calls that go through all of it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { differences, filesBelow, temporaryFolder } from '../support/folders.ts';
import { freePorts } from '../support/free-ports.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { type SimulatorProcess, startSimulator } from '../support/simulator-process.ts';
import { type Balancer, type BalancerOptions, balancerUrl, type StartBalancer } from './balancer.ts';

export interface FleetOptions extends Partial<BalancerOptions> {
  /** Of every gateway. */
  readonly flags?: readonly string[];
  /** Gateways of this process that are there for every test that leaves them alive. */
  readonly areShared?: boolean;
}

/** Only the balancer's address says who the client is, although all of 127.0.0.0/8 is at hand. */
const commonFlags = [
  ...['--trust-proxy', '--proxy-cidr', '127.0.0.1/32', '--drain-timeout-ms', '20000'],
  // A sink that was starved is lapped later.
  ...['--ring-seconds', '10'],
];

/** Calls may have ended, or been refused: then it never comes. */
const spreadMsMax = 15_000;
/** Two gateways and a balancer. */
const quickStartMs = 2500;

export class Fleet {
  readonly balancer: Balancer;
  readonly gateways: GatewayProcess[];
  /** How many times longer than on a quiet machine its start took: so much longer must calls last. */
  slowness = 1;
  private readonly folder: string;
  private readonly flags: readonly string[];
  private seed = 1;

  private constructor(balancer: Balancer, gateways: GatewayProcess[], folder: string, flags: readonly string[]) {
    this.balancer = balancer;
    this.gateways = gateways;
    this.folder = folder;
    this.flags = flags;
  }

  /** Everything is gone again when the test is over. */
  static async start(startBalancer: StartBalancer, options: FleetOptions = {}): Promise<Fleet> {
    const { flags = [], areShared = false, ...rest } = options;
    const folder = temporaryFolder();
    const balancerFolder = join(folder, 'balancer');
    mkdirSync(balancerFolder);
    const all = [...commonFlags, ...flags];
    const begunMs = performance.now();
    const gateways = await (areShared ? shared() : startGateways(folder, all));
    const addresses = gateways.map(({ port }) => `127.0.0.1:${port}`) as [string, string];
    const balancer = await startBalancer({ gateways: addresses, folder: balancerFolder, ...rest });
    onTestFinished(() => balancer.process.stop());
    const fleet = new Fleet(balancer, [...gateways], folder, all);
    fleet.slowness = Math.max(1, (performance.now() - begunMs) / quickStartMs);
    return fleet;
  }

  url(path?: string): string {
    return balancerUrl(this.balancer, path);
  }

  /** Plays calls through the balancer; what they said is kept for `differences`. */
  play(...flags: readonly string[]): SimulatorProcess {
    const saved = ['--save', join(this.folder, 'sent'), '--seed', String(this.seed++)];
    return startSimulator(this.url(), '--insecure', '--participants', '0', ...saved, ...flags);
  }

  /** Streams of each gateway that are connected. */
  async streams(): Promise<number[]> {
    return Promise.all(
      this.gateways.map(async (gateway) => (await gateway.streams()).filter(({ state }) => state === 'open').length),
    );
  }

  /** Waits until so many streams are connected, and says how they are spread. */
  async spread(total: number): Promise<number[]> {
    let spread: number[] = [];
    const giveUpMs = performance.now() + spreadMsMax;
    await eventually(async () => {
      if (performance.now() > giveUpMs) throw new Error(`not ${total} streams, but ${spread}`);
      spread = await this.streams();
      return spread.reduce((sum, count) => sum + count, 0) === total;
    });
    return spread;
  }

  /** Starts a gateway again that has ended, in the same place. */
  async startAgain(index: number): Promise<void> {
    const { port, adminPort } = this.gateways[index]!;
    const same = ['--port', String(port), '--admin-port', String(adminPort)];
    const gateway = await startGateway(this.folder, index, [...this.flags, ...same]);
    onTestFinished(() => gateway.kill());
    this.gateways[index] = gateway;
  }

  /** Ends every gateway that still runs, and compares: a line for each recording that is not what was sent, bit for bit. */
  async differences(): Promise<string[]> {
    await Promise.all(this.gateways.map((gateway) => gateway.drain()));
    return differences(this.recorded(), filesBelow(join(this.folder, 'sent'), '.wav'));
  }

  /** The recordings of all gateways together; of one that was killed only those that are complete. */
  private recorded(): Map<string, Buffer> {
    const all = new Map<string, Buffer>();
    for (const index of this.gateways.keys()) {
      for (const [name, bytes] of filesBelow(join(this.folder, `recorded-${index}`), '.wav')) {
        if (all.has(name)) throw new Error(`${name} is recorded by both gateways`);
        all.set(name, bytes);
      }
    }
    return all;
  }
}

function startGateway(folder: string, index: number, flags: readonly string[]): Promise<GatewayProcess> {
  return GatewayProcess.start('--sink', `wav:${join(folder, `recorded-${index}`)}`, ...flags);
}

async function startGateways(folder: string, flags: readonly string[]): Promise<GatewayProcess[]> {
  // Not port 0: uWebSockets.js lets nobody reuse such a port for a minute, and these are started again in the same place.
  const ports = await freePorts(2);
  const gateways = await Promise.all(
    ports.map((port, index) => startGateway(folder, index, [...flags, '--port', String(port)])),
  );
  for (const gateway of gateways) onTestFinished(() => gateway.kill());
  return gateways;
}

let sharedGateways: Promise<GatewayProcess[]> | null = null;

function shared(): Promise<GatewayProcess[]> {
  sharedGateways ??= Promise.all([0, 1].map(() => GatewayProcess.start(...commonFlags)));
  return sharedGateways;
}

/** For afterAll. */
export async function endSharedGateways(): Promise<void> {
  await Promise.all(((await sharedGateways) ?? []).map((gateway) => gateway.kill()));
}
