/**
 * The admin port: metrics, health, streams. Node's own HTTP server, in the main thread. It never answers with anything
 * that was said in a call.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GatewayError } from '../errors.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { Readiness } from '../socket/upgrade.ts';
import type { StreamRegistry } from '../stream/registry.ts';

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  readonly registry: StreamRegistry;
  readonly readiness: () => Readiness;
}

const requestTimeoutMs = 10_000;

export class AdminServer {
  private readonly options: AdminOptions;
  private readonly server: Server;

  constructor(options: AdminOptions) {
    this.options = options;
    this.server = createServer(
      { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
      (request, response) => {
        this.answer(request, response).catch(() => response.destroy());
      },
    );
  }

  /** Resolves to the real port. Throws `listen_failed`. */
  listen(): Promise<number> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      this.server.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'EADDRINUSE' ? 'it is taken' : error.message;
        reject(new GatewayError('listen_failed', `cannot listen on ${host} port ${port} (--admin-port): ${why}`));
      });
      this.server.listen(port, host, () => resolve((this.server.address() as AddressInfo).port));
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      json(response, 405, { error: 'method not allowed' });
      return;
    }
    const path = (request.url ?? '/').split('?')[0]!;
    const { registry, metrics } = this.options;
    if (path === '/healthz') json(response, 200, { status: 'ok' });
    else if (path === '/readyz') {
      const status = this.options.readiness();
      json(response, status === 'ready' ? 200 : 503, { status });
    } else if (path === '/metrics') {
      const text = await metrics.text();
      response.writeHead(200, { 'Content-Type': metrics.contentType }).end(text);
    } else if (path === '/streams')
      json(response, 200, { streams: registry.all.map((stream) => registry.report(stream)) });
    else if (path.startsWith('/streams/')) {
      const stream = registry.find(path.slice('/streams/'.length));
      if (stream === undefined) json(response, 404, { error: 'no such stream' });
      else json(response, 200, registry.report(stream));
    } else json(response, 404, { error: 'not found' });
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
