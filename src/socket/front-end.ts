/**
 * The front end: takes upgrades, stamps the arrival of every message, hands its bytes on and returns. Nothing here parses
 * JSON. Main thread.
 */
import { awakeClock } from '../awake-clock.ts';
import { type CaptureRecorder, notCaptured, type Upgrade } from '../capture/recorder.ts';
import { pendingHandshakesMax } from '../limits.ts';
import type { Networks } from '../networks.ts';
import { closeCode } from '../stream/close-code.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import type { Stream, StreamFacts } from '../stream/stream.ts';
import type { CloseCause, OverloadCause, Totals } from '../stream/totals.ts';
import { neverFailing } from './auth/never-failing.ts';
import { CertificateWatch } from './certificate.ts';
import { clientAddress } from './client-address.ts';
import type { HandshakeLimit } from './handshake-limit.ts';
import { subscriptionOf } from './subscription.ts';
import {
  type AdmissionPolicy,
  type Authenticate,
  factsOf,
  type Refusal,
  type RequestSnapshot,
  refusals,
  refuse,
} from './upgrade.ts';
import {
  type HttpRequest,
  type HttpResponse,
  headerLines,
  Listener,
  respond,
  type Socket,
  type TlsFiles,
  textOf,
} from './uws.ts';

export interface FrontEndOptions {
  readonly host: string;
  readonly port: number;
  /** Null: in the clear, which is for a proxy in front. */
  readonly tls: TlsFiles | null;
  /** A new certificate is used, or, with an error, cannot be and the old one stays. */
  readonly onCertificate: (error: string | null) => void;
  readonly messageBytesMax: number;
  readonly metadataTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly admission: AdmissionPolicy;
  readonly handshakes: HandshakeLimit;
  /** Whose word about the client's address is taken; null for nobody's. */
  readonly proxies: Networks | null;
  readonly authenticate: Authenticate;
  /** Credentials could not be checked, or the answer could not be given: a fault of ours. */
  readonly onHandshakeError: (error: unknown) => void;
  /** What becomes of a second socket with the same subscription while the first one is connected. */
  readonly duplicate: 'replace' | 'reject' | 'allow';
  readonly registry: StreamRegistry;
  readonly totals: Totals;
  /** Records everything that comes; null: it is not wished. */
  readonly capture: CaptureRecorder | null;
  readonly clock: () => number;
}

/** What a socket carries. The stream is there from `open` on. */
interface SocketData {
  readonly facts: StreamFacts;
  readonly upgrade: Upgrade | null;
  stream: Stream | null;
  /** Its number in the capture. */
  captured: number;
}

type StreamSocket = Socket<SocketData>;

const sweepIntervalMsMax = 1000;
/** Metadata comes first, or nearly so: audio that overtakes it does so by a few messages. */
const identifyMessagesMax = 50;

type Accept = (data: SocketData, key: string) => void;

function dataOf(request: RequestSnapshot, upgrade: Upgrade | null): SocketData {
  return { facts: factsOf(request), upgrade, stream: null, captured: notCaptured };
}

export class FrontEnd {
  private readonly options: FrontEndOptions;
  private readonly listener: Listener<SocketData>;
  private readonly authenticate: Authenticate;
  private readonly certificate: CertificateWatch | null;
  private readonly sockets = new Map<Stream, StreamSocket>();
  private sweeper: NodeJS.Timeout | null = null;
  /** Whose credentials are being checked. */
  private pendingHandshakes = 0;

  /** Throws `bad_settings` when the certificate cannot be used. */
  constructor(options: FrontEndOptions) {
    this.options = options;
    const { tls } = options;
    this.authenticate = neverFailing(options.authenticate, options.onHandshakeError);
    const renew = () => this.listener.renew();
    this.certificate = tls && new CertificateWatch(tls, { renew, onResult: options.onCertificate });
    this.listener = new Listener(options, {
      upgrade: (response, request, accept) => this.upgrade(response, request, accept),
      open: (socket) => this.open(socket),
      message: (socket, message, isBinary) => this.message(socket, message, isBinary),
      close: (socket, code, message) => this.close(socket, code, message),
      health: (response, withBody) => this.health(response, withBody),
      ready: (response, withBody) => this.ready(response, withBody),
      plain: (response, request) => this.plainRequest(response, request),
    });
  }

  /** Resolves to the real port. Throws `listen_failed`. */
  async listen(): Promise<number> {
    const port = await this.listener.listen();
    this.certificate?.start();
    const shortestMs = Math.min(this.options.metadataTimeoutMs, this.options.idleTimeoutMs);
    this.sweeper = setInterval(() => this.sweep(), Math.max(10, Math.min(sweepIntervalMsMax, shortestMs / 4)));
    return port;
  }

  /** Closes every open stream. */
  closeAll(code: number, cause: CloseCause): void {
    for (const [stream, socket] of [...this.sockets]) this.end(stream, socket, code, cause);
  }

  /** Frees the port and cuts whatever is still connected. */
  stop(): void {
    if (this.sweeper !== null) clearInterval(this.sweeper);
    this.certificate?.stop();
    this.listener.stop();
  }

  private upgrade(response: HttpResponse, request: HttpRequest, accept: Accept): void {
    const snapshot = this.read(response, request);
    const isCheckingMany = this.pendingHandshakes >= pendingHandshakesMax;
    if (!this.options.handshakes.admit(snapshot.remoteAddress, this.options.clock()) || isCheckingMany) {
      this.refuse(response, refusals.overloaded, 'handshakes');
      return;
    }
    const refusal = refuse(snapshot, this.options.admission);
    if (refusal !== null) {
      this.refuse(response, refusal);
      return;
    }
    const captured = this.options.capture?.upgrade(request, snapshot.path, snapshot.remoteAddress) ?? null;
    const verdict = this.authenticate(snapshot);
    if (typeof verdict === 'boolean') {
      if (verdict) accept(dataOf(snapshot, captured), snapshot.webSocketKey);
      else this.refuse(response, refusals.unauthorized);
      return;
    }
    this.pendingHandshakes++;
    // Answered, or the peer is gone.
    let isOver = false;
    response.onAborted(() => {
      isOver = true;
    });
    verdict
      .then((isKnown) => {
        this.pendingHandshakes--;
        if (isOver) return;
        // Things may have changed while we waited.
        const late = isKnown ? refuse(snapshot, this.options.admission) : refusals.unauthorized;
        response.cork(() => {
          if (late === null) accept(dataOf(snapshot, captured), snapshot.webSocketKey);
          else this.refuse(response, late);
          isOver = true;
        });
      })
      .catch((error: unknown) => {
        this.options.onHandshakeError(error);
        // Without an answer it would hang until its time is up.
        if (!isOver) response.close();
      });
  }

  /** Everything that will be needed of a request, whose memory dies with this turn of the loop. */
  private read(response: HttpResponse, request: HttpRequest): RequestSnapshot {
    const origin = {
      peer: textOf(response.getRemoteAddressAsText()),
      proxied: textOf(response.getProxiedRemoteAddressAsText()),
      forwardedFor: this.options.proxies === null ? '' : headerLines(request, 'x-forwarded-for'),
    };
    return {
      path: request.getUrl(),
      query: request.getQuery() ?? '',
      remoteAddress: clientAddress(origin, this.options.proxies),
      upgrade: request.getHeader('upgrade'),
      webSocketKey: request.getHeader('sec-websocket-key'),
      webSocketVersion: request.getHeader('sec-websocket-version'),
      authorization: request.getHeader('authorization'),
      callConnectionId: request.getHeader('x-ms-call-connection-id'),
      correlationId: request.getHeader('x-ms-call-correlation-id'),
    };
  }

  private refuse(response: HttpResponse, refusal: Refusal, cause: OverloadCause | null = null): void {
    const { totals, admission } = this.options;
    totals.upgrades[refusal.result]++;
    if (refusal.result === 'overloaded') totals.overloads[cause ?? admission.pressure() ?? 'streams']++;
    response.writeStatus(refusal.status);
    if (refusal.retryAfterSeconds !== null) response.writeHeader('Retry-After', String(refusal.retryAfterSeconds));
    if (refusal.result === 'unauthorized') response.writeHeader('WWW-Authenticate', 'Bearer');
    response.end(refusal.body, true);
  }

  private plainRequest(response: HttpResponse, request: HttpRequest): void {
    const verdict = refuse(this.read(response, request), this.options.admission);
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

  private open(socket: StreamSocket): void {
    const data = socket.getUserData();
    const { registry, capture, clock } = this.options;
    const stream = registry.open(data.facts, clock());
    if (stream === null) {
      // Cannot happen without an await between decision and upgrade, but must not be lost if it does.
      this.options.totals.upgrades.overloaded++;
      socket.end(closeCode.overloaded, 'full');
      return;
    }
    this.options.totals.upgrades.accepted++;
    data.stream = stream;
    data.captured = capture?.opened(data.upgrade, stream.id, clock()) ?? notCaptured;
    this.sockets.set(stream, socket);
  }

  private message(socket: StreamSocket, message: ArrayBuffer, isBinary: boolean): void {
    const { stream, captured } = socket.getUserData();
    if (stream === null) return;
    const { capture, messageBytesMax, clock } = this.options;
    const nowMs = clock();
    const bytes = new Uint8Array(message);
    if (capture !== null) capture.message(captured, bytes, isBinary, nowMs);
    if (bytes.length > messageBytesMax) {
      this.end(stream, socket, closeCode.tooBig, 'too_big');
      return;
    }
    const owner = isBinary ? stream : this.identify(stream, socket, bytes);
    owner?.receive(bytes, isBinary, nowMs);
  }

  /** The stream that a message belongs to: its socket's own, or an earlier one that its socket goes on with. Null: refused. */
  private identify(stream: Stream, socket: StreamSocket, bytes: Uint8Array): Stream | null {
    if (stream.subscriptionId !== null || stream.messages >= identifyMessagesMax) return stream;
    const subscriptionId = subscriptionOf(bytes);
    if (subscriptionId === null) return stream;
    const { registry, duplicate, clock, capture } = this.options;
    const earlier = registry.subscribed(subscriptionId, stream);
    if (earlier === null || (earlier.phase === 'open' && duplicate === 'allow')) {
      registry.subscribe(stream, subscriptionId);
      return stream;
    }
    const superseded = this.sockets.get(earlier);
    if (superseded !== undefined && duplicate === 'reject') {
      this.end(stream, socket, closeCode.policy, 'duplicate');
      return null;
    }
    if (stream.messages > 0) {
      // It has rings of its own already.
      if (superseded === undefined) registry.finish(earlier);
      else this.end(earlier, superseded, closeCode.superseded, 'superseded');
      registry.subscribe(stream, subscriptionId);
      return stream;
    }
    this.sockets.delete(stream);
    this.sockets.set(earlier, socket);
    socket.getUserData().stream = earlier;
    capture?.resumed(socket.getUserData().captured, earlier.id, clock());
    registry.resume(earlier, stream, clock());
    if (superseded !== undefined) {
      superseded.getUserData().stream = null;
      superseded.end(closeCode.superseded, 'superseded');
    }
    return earlier;
  }

  private close(socket: StreamSocket, code: number, message: ArrayBuffer): void {
    const data = socket.getUserData();
    const { stream } = data;
    const { registry, capture, clock } = this.options;
    // Only with 1006 are these uWebSockets.js's own words; with any other code they are the peer's.
    const ownCause = stream === null ? 'superseded' : stream.closeCause;
    const cause = ownCause ?? (code === 1006 ? causeOf(textOf(message)) : 'peer');
    capture?.ended(data.captured, stream?.closeCode ?? code, cause, clock());
    if (stream === null) return;
    data.stream = null;
    this.sockets.delete(stream);
    registry.closed(stream, cause, stream.closeCode ?? code, clock());
  }

  private end(stream: Stream, socket: StreamSocket, code: number, cause: CloseCause): void {
    stream.closeCause = cause;
    stream.closeCode = code;
    // Calls `close` before it returns; what the peer still sends is not received any more.
    socket.end(code, cause);
  }

  /** Ends streams that send nothing at all, or no audio any more. */
  private sweep(): void {
    const { registry, metadataTimeoutMs, idleTimeoutMs } = this.options;
    for (const [stream, socket] of [...this.sockets]) {
      const silentMs = awakeClock.since(Math.max(stream.socketMs, registry.lastAudioMs(stream)));
      if (stream.messages === 0 && awakeClock.since(stream.connectedMs) > metadataTimeoutMs) {
        this.end(stream, socket, closeCode.policy, 'metadata_timeout');
      } else if (silentMs > idleTimeoutMs) this.end(stream, socket, closeCode.policy, 'idle');
    }
  }
}

/** Why a connection ended that we did not end. uWebSockets.js tells its own reasons in the message of code 1006. */
function causeOf(message: string): CloseCause {
  if (message === 'Received too big message') return 'too_big';
  return message.startsWith('Received invalid') ? 'error' : 'peer';
}
