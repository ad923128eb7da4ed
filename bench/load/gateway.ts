/** The gateway, seen from the benchmark: its real entry point, its real ports, its real metrics. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { certificateFiles } from './certificate.ts';
import { Child } from './child.ts';
import { before } from './deadline.ts';
import { GcLog } from './gc-log.ts';
import { chainLabels, gatewayLabel, unmeasuredLabel } from './labels.ts';
import { Scrape } from './prometheus.ts';
import { recordingsDigest } from './recordings-digest.ts';
import type { Server, ServerCounts, ServerKind, ServerOptions } from './server.ts';

export const decoders = ['scan', 'simdjson', 'json'] as const;
export type Decoder = (typeof decoders)[number];

const ownFolder = resolve(import.meta.dirname, '../..');
const startDeadlineMs = 20_000;
const scrapeDeadlineMs = 20_000;
/** What a participant's history may cost, with room to spare. */
const ringBytesPerParticipant = 128 * 1024;
const mebibyte = 2 ** 20;
const prefix = 'acs_gateway_';

interface Addresses {
  readonly port: number;
  readonly adminPort: number;
}

interface Variant {
  readonly folder: string;
  readonly decoder: Decoder;
  /** Loaded before it, in each of its threads. */
  readonly preload?: string;
  readonly isTls?: boolean;
  readonly isBehindProxy?: boolean;
}

interface Origin extends Addresses {
  readonly isTls: boolean;
  readonly recordings: string | null;
  readonly sampleRate: number;
}

function removeFolder(path: string | null): void {
  if (path !== null) rmSync(path, { recursive: true, force: true });
}

class Gateway implements Server {
  readonly path = '/audio';
  readonly gc: GcLog;
  readonly port: number;
  readonly isTls: boolean;
  private readonly adminPort: number;
  private readonly child: Child;
  private readonly recordings: string | null;
  private readonly sampleRate: number;
  private digest: number | null = null;

  constructor(child: Child, gc: GcLog, { port, adminPort, isTls, recordings, sampleRate }: Origin) {
    this.child = child;
    this.gc = gc;
    this.port = port;
    this.isTls = isTls;
    this.adminPort = adminPort;
    this.recordings = recordings;
    this.sampleRate = sampleRate;
  }

  get pid(): number {
    return this.child.pid;
  }

  counts(): Promise<ServerCounts> {
    return gatewayCounts(this.adminPort);
  }

  /** Drains it. Throws when it does not end well. */
  async end(): Promise<void> {
    try {
      const code = await this.child.end();
      if (code !== 0) throw new Error(`the gateway ended with ${code}`);
      if (this.recordings !== null) this.digest = recordingsDigest(this.recordings, this.sampleRate);
    } finally {
      removeFolder(this.recordings);
    }
  }

  kill(): void {
    this.child.kill();
    removeFolder(this.recordings);
  }

  digestWritten(): number | null {
    return this.digest;
  }
}

/** Without the settings of whoever runs the benchmark. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('ACS_GATEWAY_'));
  // A gateway that npm has started drains when its parent is gone: so also when this benchmark is killed.
  return { ...Object.fromEntries(own), npm_lifecycle_event: 'bench' };
}

/** All streams of a load are opened at once, from one address. Older checkouts have no limit on that, and no such flags. */
const openAtOnce = ['--max-upgrades-per-second=1000000', '--max-upgrades-per-address=1000000'];

function flags(variant: Variant, options: ServerOptions, recordings: string | null): string[] {
  const { decoder, folder, isTls = false, isBehindProxy = false } = variant;
  const { streams, participants } = options;
  const ringMemoryMb = Math.ceil((streams * participants * ringBytesPerParticipant) / mebibyte) + 64;
  const values = {
    host: '127.0.0.1',
    port: 0,
    'admin-port': 0,
    decoder,
    'max-streams': streams,
    'max-participants': participants,
    'ring-memory-mb': ringMemoryMb,
    'idle-timeout-ms': 3_600_000,
    'metadata-timeout-ms': 60_000,
    'drain-timeout-ms': 1000,
    ...(isTls && { 'tls-cert': certificateFiles().cert, 'tls-key': certificateFiles().key }),
  };
  const settings = Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const limits = folder === ownFolder ? openAtOnce : [];
  const proxy = isBehindProxy ? ['--trust-proxy'] : [];
  return ['serve', ...settings, ...limits, ...proxy, ...(recordings === null ? [] : ['--sink', `pcm:${recordings}`])];
}

async function start(variant: Variant, options: ServerOptions): Promise<Gateway> {
  const { folder, preload, isTls = false } = variant;
  const recordings = options.isVerified ? mkdtempSync(join(tmpdir(), 'bench-')) : null;
  const gc = new GcLog();
  let told: (addresses: Addresses) => void = () => {};
  const listening = new Promise<Addresses>((resolve) => {
    told = resolve;
  });
  const child = new Child({
    name: 'the gateway',
    file: join(folder, 'src/main.ts'),
    args: flags(variant, options, recordings),
    nodeFlags: ['--trace-gc', ...(preload === undefined ? [] : ['--import', preload])],
    env: environment(),
    isForked: false,
    onLine: (line) => {
      if (!gc.take(line) && line.includes('"listening"')) told(JSON.parse(line) as Addresses);
    },
  });
  try {
    const addresses = await child.orItsEnd(startDeadlineMs, 'its start', listening);
    return new Gateway(child, gc, { ...addresses, isTls, recordings, sampleRate: options.sampleRate });
  } catch (error) {
    child.kill();
    removeFolder(recordings);
    throw error;
  }
}

function gateway(key: string, label: string, variant: Variant): ServerKind {
  return { key, label, isGateway: true, isDecoding: true, start: (options) => start(variant, options) };
}

/** The addon that one decoder needs is an optional dependency. */
function hasSimdjson(): boolean {
  try {
    createRequire(import.meta.url)('simdjson');
    return true;
  } catch {
    return false;
  }
}

/** The gateway of this checkout, with each decoder that this machine has. */
export const gateways: readonly ServerKind[] = decoders
  .filter((decoder) => decoder !== 'simdjson' || hasSimdjson())
  .map((decoder) =>
    gateway(decoder === 'scan' ? 'gateway' : `gateway-${decoder}`, gatewayLabel(decoder), {
      folder: ownFolder,
      decoder,
    }),
  );

/** The gateway without what it measures. Runs only when it is asked for. */
export const unmeasured: ServerKind = gateway('gateway-unmeasured', unmeasuredLabel, {
  folder: ownFolder,
  decoder: 'scan',
  preload: new URL('./servers/unmeasured.ts', import.meta.url).href,
});

/** How TLS comes to the gateway: not at all, and by itself. */
export const clear = gateway('gateway', chainLabels.clear, { folder: ownFolder, decoder: 'scan' });
export const secure = gateway('gateway-tls', chainLabels.direct, { folder: ownFolder, decoder: 'scan', isTls: true });

/** Takes in the clear what a proxy says of its callers. */
export function startBehindProxy(options: ServerOptions): Promise<Server> {
  return start({ folder: ownFolder, decoder: 'scan', isBehindProxy: true }, options);
}

/** The gateway of another checkout. */
export function gatewayOf(folder: string): ServerKind {
  const path = resolve(folder);
  return gateway(`against-${basename(path)}`, `${gatewayLabel('scan')} of ${basename(path)}`, {
    folder: path,
    decoder: 'scan',
  });
}

/** Its metrics of this moment. */
export async function scrapeGateway(adminPort: number): Promise<Scrape> {
  const get = fetch(`http://127.0.0.1:${adminPort}/metrics`).then((response) => response.text());
  return new Scrape(await before(scrapeDeadlineMs, 'the metrics of a gateway', get));
}

/** What a gateway says of itself; `streams`: connected ones. */
export async function gatewayCounts(adminPort: number): Promise<ServerCounts & { readonly streams: number }> {
  const scrape = await scrapeGateway(adminPort);
  const sum = (name: string): number => scrape.sum(prefix + name);
  return {
    streams: sum('streams_active'),
    frames: sum('frames_committed_total'),
    pcmBytes: sum('pcm_bytes_total'),
    dropped: sum('messages_dropped_total'),
    residence: scrape.buckets(`${prefix}residence_seconds`, 1000),
    digest: null,
    account: {
      droppedBy: scrape.by(`${prefix}messages_dropped_total`, 'reason'),
      messagesReceived: sum('messages_received_total'),
      messagesAccounted: sum('messages_total'),
      framesMissing: sum('frames_missing_total'),
      framesDuplicate: sum('frames_duplicate_total'),
      framesOutOfOrder: sum('frames_out_of_order_total'),
    },
  };
}
