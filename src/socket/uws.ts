/**
 * The front end: the only importer of uWebSockets.js. Takes upgrades, stamps the arrival of every message, hands its bytes
 * on and returns: request and message memory is uWebSockets.js's own and dead when the callback returns. Nothing here
 * parses JSON. Main thread.
 */
import * as uws from 'uWebSockets.js';
import { GatewayError } from '../errors.ts';
import { hardMessageBytesFactor } from '../limits.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import type { Stream, StreamFacts } from '../stream/stream.ts';
import type { CloseCause, Totals } from '../stream/totals.ts';
import {
  type AdmissionPolicy,
  type Authenticate,
  factsOf,
  type Refusal,
  type RequestSnapshot,
  refusals,
  refuse,
} from './upgrade.ts';

/** Codes with which we close; RFC 6455 section 7.4 and ours from 4000. */
export const closeCode = {
  draining: 1001,
  policy: 1008,
  tooBig: 1009,
  fault: 1011,
  overloaded: 1013,
  superseded: 4000,
} as const;

export interface FrontEndOptions {
  readonly host: string;
  readonly port: number;
  readonly messageBytesMax: number;
  readonly metadataTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly admission: AdmissionPolicy;
  readonly authenticate: Authenticate;
  readonly registry: StreamRegistry;
  readonly totals: Totals;
  readonly clock: () => number;
}

/** What the typings of the package leave out or declare as types only. */
const untyped = uws as unknown as {
  readonly DISABLED: uws.CompressOptions;
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
};

type HttpRequest = uws.HttpRequest;
type HttpResponse = uws.HttpResponse;

/** What a socket carries. The stream is there from `open` on. */
interface SocketData {
  readonly facts: StreamFacts;
  stream: Stream | null;
}

type Socket = uws.WebSocket<SocketData>;

const sweepIntervalMsMax = 1000;

export class FrontEnd {
  private readonly options: FrontEndOptions;
  private readonly app: uws.TemplatedApp;
  private readonly sockets = new Map<Stream, Socket>();
  private listenSocket: uws.us_listen_socket | null = null;
  private sweeper: NodeJS.Timeout | null = null;

  constructor(options: FrontEndOptions) {
    this.options = options;
    this.app = uws
      .App()
      .ws<SocketData>('/*', {
        compression: untyped.DISABLED,
        maxPayloadLength: options.messageBytesMax * hardMessageBytesFactor,
        maxBackpressure: 64 * 1024,
        // Off: ours knows what media is. A peer that never answers a close is cut off all the same, after 4 seconds.
        idleTimeout: 0,
        sendPingsAutomatically: false,
        upgrade: (response, request, context) => this.upgrade(response, request, context),
        open: (socket) => this.open(socket),
        message: (socket, message, isBinary) => this.message(socket, message, isBinary),
        close: (socket, code, message) => this.close(socket, code, message),
      })
      .get('/healthz', (response) => this.health(response, true))
      .head('/healthz', (response) => this.health(response, false))
      .get('/readyz', (response) => this.ready(response, true))
      .head('/readyz', (response) => this.ready(response, false))
      .any('/*', (response, request) => this.plainRequest(response, request));
  }

  /** Resolves to the real port. Throws `listen_failed`. */
  listen(): Promise<number> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      // The typings lack the overload with options behind a host; without the option two processes would share a port.
      const listen = this.app.listen.bind(this.app) as unknown as (
        host: string,
        port: number,
        options: number,
        callback: (socket: uws.us_listen_socket | false) => void,
      ) => void;
      listen(host, port, untyped.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
        if (socket === false) {
          const message = `cannot listen on ${host} port ${port}: it is taken, or this machine has no such address`;
          reject(new GatewayError('listen_failed', message));
          return;
        }
        this.listenSocket = socket;
        const shortestMs = Math.min(this.options.metadataTimeoutMs, this.options.idleTimeoutMs);
        this.sweeper = setInterval(() => this.sweep(), Math.max(10, Math.min(sweepIntervalMsMax, shortestMs / 4)));
        resolve(uws.us_socket_local_port(socket));
      });
    });
  }

  /** Closes every open stream. */
  closeAll(code: number, cause: CloseCause): void {
    for (const [stream, socket] of [...this.sockets]) this.end(stream, socket, code, cause);
  }

  /** Frees the port and cuts whatever is still connected. */
  stop(): void {
    if (this.sweeper !== null) clearInterval(this.sweeper);
    if (this.listenSocket !== null) uws.us_listen_socket_close(this.listenSocket);
    this.listenSocket = null;
    this.app.close();
  }

  private upgrade(response: HttpResponse, request: HttpRequest, context: Parameters<HttpResponse['upgrade']>[4]): void {
    const snapshot = readRequest(response, request);
    const refusal = refuse(snapshot, this.options.admission);
    if (refusal !== null) {
      this.refuse(response, refusal);
      return;
    }
    const verdict = this.options.authenticate(snapshot);
    if (typeof verdict === 'boolean') {
      if (verdict) this.accept(response, snapshot, context);
      else this.refuse(response, refusals.unauthorized);
      return;
    }
    let isAborted = false;
    response.onAborted(() => {
      isAborted = true;
    });
    verdict
      .catch(() => false)
      .then((isKnown) => {
        if (isAborted) return;
        // Things may have changed while we waited.
        const late = isKnown ? refuse(snapshot, this.options.admission) : refusals.unauthorized;
        response.cork(() => {
          if (late === null) this.accept(response, snapshot, context);
          else this.refuse(response, late);
        });
      });
  }

  private accept(
    response: HttpResponse,
    request: RequestSnapshot,
    context: Parameters<HttpResponse['upgrade']>[4],
  ): void {
    const data: SocketData = { facts: factsOf(request), stream: null };
    // No sub-protocol and no extension is ever agreed to.
    response.upgrade(data, request.webSocketKey, '', '', context);
  }

  private refuse(response: HttpResponse, refusal: Refusal): void {
    this.options.totals.upgrades[refusal.result]++;
    response.writeStatus(refusal.status);
    if (refusal.retryAfterSeconds !== null) response.writeHeader('Retry-After', String(refusal.retryAfterSeconds));
    if (refusal.result === 'unauthorized') response.writeHeader('WWW-Authenticate', 'Bearer');
    response.end(refusal.body, true);
  }

  private plainRequest(response: HttpResponse, request: HttpRequest): void {
    const verdict = refuse(readRequest(response, request), this.options.admission);
    this.refuse(response, verdict?.result === 'not_found' ? verdict : refusals.bad_request);
  }

  private health(response: HttpResponse, withBody: boolean): void {
    respond(response, '200 OK', withBody ? '{"status":"ok"}' : '');
  }

  private ready(response: HttpResponse, withBody: boolean): void {
    const status = this.options.admission.readiness();
    respond(
      response,
      status === 'ready' ? '200 OK' : '503 Service Unavailable',
      withBody ? JSON.stringify({ status }) : '',
    );
  }

  private open(socket: Socket): void {
    const data = socket.getUserData();
    const stream = this.options.registry.open(data.facts, this.options.clock());
    if (stream === null) {
      // Cannot happen without an await between decision and upgrade, but must not be lost if it does.
      this.options.totals.upgrades.overloaded++;
      socket.end(closeCode.overloaded, 'full');
      return;
    }
    this.options.totals.upgrades.accepted++;
    data.stream = stream;
    this.sockets.set(stream, socket);
  }

  private message(socket: Socket, message: ArrayBuffer, isBinary: boolean): void {
    const { stream } = socket.getUserData();
    if (stream === null) return;
    if (message.byteLength > this.options.messageBytesMax) {
      this.end(stream, socket, closeCode.tooBig, 'too_big');
      return;
    }
    stream.receive(new Uint8Array(message), isBinary, this.options.clock());
  }

  private close(socket: Socket, code: number, message: ArrayBuffer): void {
    const data = socket.getUserData();
    const { stream } = data;
    if (stream === null) return;
    data.stream = null;
    this.sockets.delete(stream);
    const cause = stream.closeCause ?? causeOf(Buffer.from(message).toString('latin1'));
    this.options.registry.closed(stream, cause, stream.closeCode ?? code, this.options.clock());
  }

  private end(stream: Stream, socket: Socket, code: number, cause: CloseCause): void {
    stream.closeCause = cause;
    stream.closeCode = code;
    // Calls `close` before it returns; what the peer still sends is not received any more.
    socket.end(code, cause);
  }

  /** Ends streams that send nothing at all, or no audio any more. */
  private sweep(): void {
    const { registry, clock, metadataTimeoutMs, idleTimeoutMs } = this.options;
    const nowMs = clock();
    for (const [stream, socket] of [...this.sockets]) {
      const sinceMs = nowMs - Math.max(stream.connectedMs, registry.lastAudioMs(stream));
      if (stream.messages === 0 && nowMs - stream.connectedMs > metadataTimeoutMs) {
        this.end(stream, socket, closeCode.policy, 'metadata_timeout');
      } else if (sinceMs > idleTimeoutMs) this.end(stream, socket, closeCode.policy, 'idle');
    }
  }
}

/** Why a connection ended that we did not end. uWebSockets.js tells its own reasons in the message of code 1006. */
function causeOf(message: string): CloseCause {
  if (message === 'Received too big message') return 'too_big';
  return message.startsWith('Received invalid') ? 'error' : 'peer';
}

function readRequest(response: HttpResponse, request: HttpRequest): RequestSnapshot {
  return {
    path: request.getUrl(),
    query: request.getQuery() ?? '',
    remoteAddress: Buffer.from(response.getRemoteAddressAsText()).toString('latin1'),
    webSocketKey: request.getHeader('sec-websocket-key'),
    webSocketVersion: request.getHeader('sec-websocket-version'),
    authorization: request.getHeader('authorization'),
    callConnectionId: request.getHeader('x-ms-call-connection-id'),
    correlationId: request.getHeader('x-ms-call-correlation-id'),
  };
}

function respond(response: HttpResponse, status: string, body: string): void {
  response.cork(() => {
    response.writeStatus(status).writeHeader('Content-Type', 'application/json').end(body);
  });
}
