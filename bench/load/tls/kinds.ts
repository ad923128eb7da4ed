/** Every row: the ways on which TLS can come to the gateway, and what else there is beside them. */
import { clear, secure, startBehindProxy } from '../gateway.ts';
import { chainLabels } from '../labels.ts';
import { startHaproxy } from '../proxy/haproxy.ts';
import { startNginx } from '../proxy/nginx.ts';
import type { ProxyProcess, ProxyProgram } from '../proxy/proxy-process.ts';
import { bare, secureRivals } from '../rival.ts';
import type { Server, ServerCounts, ServerKind, ServerOptions } from '../server.ts';

export interface TlsKind extends ServerKind {
  /** That must be installed. */
  readonly program?: ProxyProgram;
}

/** A gateway, and the proxy through which everything comes. */
class Proxied implements Server {
  readonly isTls = true;
  readonly proxy: ProxyProcess;
  private readonly gateway: Server;

  constructor(gateway: Server, proxy: ProxyProcess) {
    this.gateway = gateway;
    this.proxy = proxy;
  }

  get pid(): number {
    return this.gateway.pid;
  }

  get port(): number {
    return this.proxy.port;
  }

  get path(): string {
    return this.gateway.path;
  }

  get gc(): Server['gc'] {
    return this.gateway.gc;
  }

  counts(): Promise<ServerCounts> {
    return this.gateway.counts();
  }

  async end(): Promise<void> {
    await this.proxy.end();
    await this.gateway.end();
  }

  kill(): void {
    this.proxy.kill();
    this.gateway.kill();
  }

  digestWritten(): number | null {
    return this.gateway.digestWritten();
  }
}

type StartProxy = (gateway: Server, options: ServerOptions) => Promise<ProxyProcess>;

function proxied(key: string, program: ProxyProgram, label: string, startProxy: StartProxy): TlsKind {
  const start = async (options: ServerOptions): Promise<Server> => {
    const gateway = await startBehindProxy(options);
    try {
      return new Proxied(gateway, await startProxy(gateway, options));
    } catch (error) {
      gateway.kill();
      throw error;
    }
  };
  return { key, label, isGateway: true, isDecoding: true, program, start };
}

/** With one thread it is woken less often, as long as one is enough. */
function haproxy(key: string, label: string, isSingle: boolean): TlsKind {
  return proxied(key, 'haproxy', label, ({ port }, { streams }) =>
    startHaproxy({ ports: [port], streamsMost: streams, isTls: true, isSingle }),
  );
}

function nginx(key: string, label: string, isSingle: boolean): TlsKind {
  return proxied(key, 'nginx', label, ({ port }) => startNginx({ ports: [port], isSingle }));
}

export const tlsKinds: readonly TlsKind[] = [
  clear,
  secure,
  haproxy('haproxy', chainLabels.haproxy, false),
  haproxy('haproxy-single', chainLabels.haproxySingle, true),
  nginx('nginx', chainLabels.nginx, false),
  nginx('nginx-single', chainLabels.nginxSingle, true),
  bare,
  secureRivals.bare,
  secureRivals.sample,
];
