/**
 * The real HAProxy with the configuration of deploy/haproxy: with its TLS, then a second HAProxy is the TLS client, since the load
 * generator speaks none, and its costs are not counted; or without.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadInput, root } from '../../report/cli.ts';
import type { ProcessStats } from '../process-stats.ts';
import { freePort, HaproxyProcess, haproxyFolder, hasHaproxy } from './haproxy-process.ts';

export const configurationPath = join(root, 'deploy/haproxy/haproxy.cfg');
/** Besides the streams: checks, metrics. */
const connectionsBeside = 100;

/**
 * The published configuration with as many gateways as there are, and with or without TLS. Throws when it has lost the lines that
 * are changed here.
 */
export function configurationFor(text: string, ports: readonly number[], isTls: boolean): string {
  const tls = /^( *bind "\$\{BALANCER_BIND[^"]*") ssl crt .*$/m;
  const bound = replaced(text, tls, isTls ? '$&' : '$1');
  const servers = ports.map((port, i) => `    server gateway-${i + 1} 127.0.0.1:${port}`).join('\n');
  return replaced(bound, /^ {4}server gateway-1 .*\n {4}server gateway-2 .*$/m, servers);
}

function replaced(text: string, pattern: RegExp, by: string): string {
  if (!pattern.test(text)) throw new Error(`deploy/haproxy/haproxy.cfg has no line ${pattern}: the benchmark wants it`);
  return text.replace(pattern, by);
}

/** Speaks plain text on one side and TLS on the other. */
function tlsClient(port: number, to: number, connections: number): string {
  return `
global
    maxconn ${connections}
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen client
    bind 127.0.0.1:${port}
    server balancer 127.0.0.1:${to} ssl verify none alpn http/1.1
`;
}

/** A certificate and its key, in one file. */
function writeCertificate(folder: string): string {
  const [key, certificate, both] = ['key.pem', 'certificate.pem', 'both.pem'].map((name) => join(folder, name));
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=gateway.example.com', '-keyout', key!, '-out', certificate!];
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject], { stdio: 'ignore' });
  writeFileSync(both!, readFileSync(certificate!, 'utf8') + readFileSync(key!, 'utf8'), { mode: 0o600 });
  return both!;
}

export class Balancer {
  private readonly process: HaproxyProcess;
  private readonly client: HaproxyProcess | null;

  private constructor(process: HaproxyProcess, client: HaproxyProcess | null) {
    this.process = process;
    this.client = client;
  }

  static async start(ports: readonly number[], streamsMost: number, isTls: boolean): Promise<Balancer> {
    if (!hasHaproxy()) throw new BadInput('haproxy is missing: apt-get install haproxy');
    const connections = streamsMost + connectionsBeside;
    const folder = haproxyFolder();
    const port = await freePort();
    const balancer = await HaproxyProcess.start(
      folder,
      port,
      configurationFor(readFileSync(configurationPath, 'utf8'), ports, isTls),
      {
        BALANCER_BIND: `127.0.0.1:${port}`,
        BALANCER_STATUS_BIND: `127.0.0.1:${await freePort()}`,
        BALANCER_SOCKET: join(folder, 'admin.sock'),
        BALANCER_STREAMS: String(streamsMost),
        BALANCER_MAXCONN: String(connections),
        // All streams come from one address.
        BALANCER_HANDSHAKES: '1000000',
        ...(isTls && { BALANCER_CERTIFICATE: writeCertificate(folder) }),
      },
    );
    if (!isTls) return new Balancer(balancer, null);
    try {
      const clientPort = await freePort();
      const configuration = tlsClient(clientPort, port, connections);
      return new Balancer(balancer, await HaproxyProcess.start(haproxyFolder(), clientPort, configuration, {}));
    } catch (error) {
      balancer.kill();
      throw error;
    }
  }

  /** Where streams without TLS are taken. */
  get port(): number {
    return (this.client ?? this.process).port;
  }

  stats(): ProcessStats {
    return this.process.stats();
  }

  async end(): Promise<void> {
    await this.client?.end();
    await this.process.end();
  }

  kill(): void {
    this.client?.kill();
    this.process.kill();
  }
}
