/**
 * The admin port: metrics, health, streams. Node's own HTTP server, in the main thread. It never answers with anything
 * that was said in a call, but by way of the console with `--console-audio`.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GatewayError } from '../base/errors.ts';
import { adminConnectionMs } from '../base/limits.ts';
import type { Config } from '../config/serve-settings.ts';
import type { Console } from '../console/console.ts';
import { bearerOf, Secrets } from '../socket/auth/credentials.ts';
import { AdminConnections } from './connections.ts';
import type { Figures } from './figures.ts';
import { Scrapers } from './scrapers.ts';

// An import would evaluate all that node:http exports, WebSocket and with it the whole of undici: a tenth of what a start costs.
const { createServer, ServerResponse: Response } = process.getBuiltinModule('node:http');

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly figures: Figures;
  /** What everything but health wants; null for nothing. */
  readonly token: string | null;
  /** The live page, which is there when the port is; null: there is none. */
  readonly console: (() => Console | null) | null;
}

const requestTimeoutMs = 10_000;
/** How often Node.js looks for requests that are late. */
const checkIntervalMs = 1_000;
const jsonHeaders = { 'Content-Type': 'application/json' };

/** What the settings say of it. */
export function adminOf({ adminHost, adminPort, adminToken }: Config): Pick<AdminOptions, 'host' | 'port' | 'token'> {
  return { host: adminHost, port: adminPort, token: adminToken };
}

export class AdminServer {
  readonly scrapers = new Scrapers();
  private readonly options: AdminOptions;
  private readonly server: Server;
  private readonly secrets: Secrets | null;
  private readonly connections: AdminConnections;
  /** What the next scrapes get, all of them the same. */
  private nextText: Promise<Buffer> | null = null;

  constructor(options: AdminOptions) {
    this.options = options;
    this.secrets = options.token === null ? null : new Secrets([options.token]);
    this.server = createServer(
      {
        requestTimeout: requestTimeoutMs,
        headersTimeout: requestTimeoutMs,
        connectionsCheckingInterval: checkIntervalMs,
      },
      (request, response) => {
        this.answer(request, response).catch(() => response.destroy());
      },
    );
    this.connections = new AdminConnections(this.server, () => options.figures.budget.charge(adminConnectionMs));
    // Without it Node.js answers those who ask for another protocol as if they had not.
    if (options.console !== null)
      this.server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
  }

  /** Resolves to the real port. Throws `listen_failed`. */
  listen(): Promise<number> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      // And not once: connections that cannot be accepted later must not end the process.
      this.server.on('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'EADDRINUSE' ? 'it is taken' : error.message;
        reject(new GatewayError('listen_failed', `cannot listen on ${host} port ${port} (--admin-port): ${why}`));
      });
      this.server.listen(port, host, () => resolve((this.server.address() as AddressInfo).port));
    });
  }

  async stop(): Promise<void> {
    await this.options.console?.()?.stop();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  /** Scrapes that wait at the same time share one reading, which is made after all of them have asked. */
  private metricsText(): Promise<Buffer> {
    const { figures } = this.options;
    this.nextText ??= figures.budget.spend(async () => {
      this.nextText = null;
      return Buffer.from(await figures.metrics());
    });
    return this.nextText;
  }

  private isAuthorized({ headers }: IncomingMessage): boolean {
    if (this.secrets === null) return true;
    const token = bearerOf(headers.authorization ?? '');
    return token !== null && this.secrets.include([token]);
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {});
    const release = () => this.connections.release(socket as Socket);
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
    if (isWebSocket && this.options.console?.()?.upgrade(request, socket, head, release)) return;
    const response = new Response(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.once('finish', () => socket.end());
    this.answer(request, response).catch(() => socket.destroy());
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const live = this.options.console?.() ?? null;
    if (live !== null && /^\/console(?:[/?]|$)/.test(request.url ?? '')) {
      await live.answer(request, response);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      json(response, 405, { error: 'method not allowed' });
      return;
    }
    const path = (request.url ?? '/').split('?')[0]!;
    const { figures } = this.options;
    if (path === '/healthz') json(response, 200, { status: 'ok' });
    else if (path === '/readyz') {
      const status = await figures.readiness();
      json(response, status === 'ready' ? 200 : 503, { status });
    } else if (!this.isAuthorized(request)) {
      response.setHeader('WWW-Authenticate', 'Bearer');
      json(response, 401, { error: 'unauthorized' });
    } else if (path === '/metrics') {
      this.scrapers.asked(request, response);
      const text = await this.metricsText();
      response.writeHead(200, { 'Content-Type': figures.contentType }).end(text);
    } else if (path === '/streams') {
      response.writeHead(200, jsonHeaders);
      await pipeline(listOf(figures.streams()), response);
    } else if (path.startsWith('/streams/')) {
      const stream = await figures.stream(path.slice('/streams/'.length));
      if (stream === null) json(response, 404, { error: 'no such stream' });
      else response.writeHead(200, jsonHeaders).end(stream);
    } else json(response, 404, { error: 'not found' });
  }
}

async function* listOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  yield '{"streams":[';
  let separator = '';
  for await (const piece of pieces) {
    if (piece === '') continue;
    yield separator + piece;
    separator = ',';
  }
  yield ']}';
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, jsonHeaders).end(JSON.stringify(body));
}
