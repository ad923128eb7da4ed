/** The gateway that speaks, seen from the benchmark: embedded in a program, as whoever speaks with it does. */
import { Child } from '../load/child.ts';
import { gatewayCounts, scrapeGateway } from '../load/gateway.ts';
import { GcLog } from '../load/gc-log.ts';
import type { ServerCounts, ServerOptions } from '../load/server.ts';
import { labels } from './labels.ts';
import type { DuplexKind, DuplexServer, Mode, Speech } from './server.ts';
import type { Start, Voice } from './servers/gateway.ts';

const startDeadlineMs = 90_000;
const hushDeadlineMs = 60_000;
const prefix = 'acs_gateway_playback_';

class Gateway implements DuplexServer {
  readonly path = '/audio';
  readonly gc: GcLog;
  readonly port: number;
  private readonly adminPort: number;
  private readonly child: Child;

  constructor(child: Child, gc: GcLog, { port, adminPort }: { readonly port: number; readonly adminPort: number }) {
    this.child = child;
    this.gc = gc;
    this.port = port;
    this.adminPort = adminPort;
  }

  get pid(): number {
    return this.child.pid;
  }

  counts(): Promise<ServerCounts> {
    return gatewayCounts(this.adminPort);
  }

  async speech(): Promise<Speech> {
    const [scrape, voice] = await Promise.all([scrapeGateway(this.adminPort), this.child.ask<Voice>('voice')]);
    return {
      framesSent: scrape.by(`${prefix}frames_total`, 'outcome')['sent'] ?? 0,
      underruns: scrape.sum(`${prefix}underruns_total`),
      lateness: scrape.buckets(`${prefix}lateness_seconds`, 1000),
      lead: scrape.buckets(`${prefix}lead_seconds`, 1000),
      clear: scrape.buckets(`${prefix}clear_seconds`, 1000),
      voiceUs: voice.cpuUs,
      digest: voice.digest,
    };
  }

  async hush(): Promise<void> {
    await this.child.ask('hush', null, hushDeadlineMs);
  }

  /** Drains it. Throws when it does not end well. */
  async end(): Promise<void> {
    const code = await this.child.end();
    if (code !== 0) throw new Error(`the gateway ended with ${code}`);
  }

  kill(): void {
    this.child.kill();
  }

  digestWritten(): null {
    return null;
  }
}

async function start(mode: Mode, options: ServerOptions): Promise<Gateway> {
  const gc = new GcLog();
  const child = new Child({
    name: 'the gateway',
    file: new URL('./servers/gateway.ts', import.meta.url).pathname,
    nodeFlags: ['--trace-gc'],
    isForked: true,
    onLine: (line) => gc.take(line),
  });
  try {
    const asked: Start = { ...options, mode };
    return new Gateway(child, gc, await child.ask('listen', asked, startDeadlineMs));
  } catch (error) {
    child.kill();
    throw error;
  }
}

function gateway(key: string, mode: Mode): DuplexKind {
  return { key, label: labels[key]!, mode, family: 'gateway', start: (options) => start(mode, options) };
}

export const gateways: readonly DuplexKind[] = [
  gateway('gateway', 'hears'),
  gateway('gateway-silent', 'may speak'),
  gateway('gateway-both', 'speaks'),
];
