/**
 * The front end: takes upgrades, stamps the arrival of every message, hands its bytes on and returns. Nothing here parses
 * JSON. Main thread.
 */
import { awakeClock } from '../base/awake-clock.ts';
import { metadataReadMax } from '../base/limits.ts';
import { notCaptured, type Upgrade } from '../capture/recorder.ts';
import { peerOf } from '../config/networks.ts';
import { closeCode } from '../stream/close-code.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import type { Stream, StreamFacts } from '../stream/stream.ts';
import type { CloseCause } from '../stream/totals.ts';
import { CertificateWatch } from './certificate.ts';
import type { DescriptorGuard } from './descriptor-guard.ts';
import { textOf } from './http.ts';
import type { Sharing } from './port.ts';
import { PortGate } from './port-gate.ts';
import { Reception, type ReceptionOptions } from './reception.ts';
import { mayBeMetadata, subscriptionOf } from './subscription.ts';
import { type HttpResponse, Listener, type Socket, type TlsFiles } from './uws.ts';

export interface FrontEndOptions extends ReceptionOptions {
  readonly host: string;
  readonly port: number;
  readonly sharing?: Sharing;
  /** Null: in the clear, which is for a proxy in front. */
  readonly tls: TlsFiles | null;
  /** A new certificate is used, or, with an error, cannot be and the old one stays. */
  readonly onCertificate: (error: string | null) => void;
  readonly messageBytesMax: number;
  readonly metadataTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly descriptors: DescriptorGuard;
  /** Its messages take too much of the others' time. */
  readonly isTooCostly: (stream: Stream) => boolean;
  /** What becomes of a second socket with the same subscription while the first one is connected. */
  readonly duplicate: 'replace' | 'reject' | 'allow';
  readonly registry: StreamRegistry;
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

/** What its messages cost stands in another processor's cache: it is looked at now and then. */
const messagesPerCostlyLook = 64;

export class FrontEnd {
  private readonly options: FrontEndOptions;
  private readonly listener: Listener<SocketData>;
  private readonly certificate: CertificateWatch | null;
  private readonly reception: Reception;
  private readonly gate: PortGate;
  private readonly sockets = new Map<Stream, StreamSocket>();
  private sweeper: NodeJS.Timeout | null = null;

  /** Throws `bad_settings` when the certificate cannot be used. */
  constructor(options: FrontEndOptions) {
    this.options = options;
    const { tls } = options;
    const renew = () => this.listener.renew();
    this.certificate = tls && new CertificateWatch(tls, { renew, onResult: options.onCertificate });
    this.reception = new Reception(options);
    const { reception } = this;
    this.listener = new Listener(options, {
      connected: (response) => this.connected(response),
      disconnected: () => options.connections.closed(),
      upgrade: (response, request, accept) =>
        reception.upgrade(response, request, (facts, upgrade, key) =>
          accept({ facts, upgrade, stream: null, captured: notCaptured }, key),
        ),
      open: (socket) => this.open(socket),
      message: (socket, message, isBinary) => this.message(socket, message, isBinary),
      close: (socket, code, message) => this.close(socket, code, message),
      control: (socket) => this.control(socket),
      pong: (socket) => socket.getUserData().stream?.speaker?.ponged(),
      drain: (socket) => socket.getUserData().stream?.speaker?.drained(),
      health: (response, withBody) => reception.health(response, withBody),
      ready: (response, withBody) => reception.ready(response, withBody),
      plain: (response, request) => reception.plainRequest(response, request),
    });
    this.gate = new PortGate(this.listener, options.descriptors, options.totals, options.clock);
  }

  /** Resolves to the real port. Throws `listen_failed`. */
  async listen(): Promise<number> {
    const port = await this.listener.listen();
    this.certificate?.start();
    const shortestMs = Math.min(this.options.metadataTimeoutMs, this.options.idleTimeoutMs);
    this.sweeper = setInterval(() => this.sweep(), Math.max(10, Math.min(sweepIntervalMsMax, shortestMs / 4)));
    return port;
  }

  /** When the certificate in use ends, ms since 1970; null in the clear. */
  get certificateExpiresMs(): number | null {
    return this.certificate?.expiresMs ?? null;
  }

  /** No connection is accepted until descriptors are free. */
  get isPaused(): boolean {
    return this.gate.isPaused;
  }

  /** Takes no further connection. Resolves when those that were made are streams, or have had their time to become some. */
  closePort(): Promise<void> {
    return this.gate.close();
  }

  /** Ends a stream whose call continues in another one. */
  supersede(stream: Stream): void {
    const socket = this.sockets.get(stream);
    if (socket === undefined) this.options.registry.finish(stream);
    else this.end(stream, socket, closeCode.superseded, 'superseded');
  }

  /** Ends a stream whose call has another one. */
  refuseDuplicate(stream: Stream): void {
    const socket = this.sockets.get(stream);
    if (socket !== undefined) this.end(stream, socket, closeCode.policy, 'duplicate');
  }

  /** Closes every open stream. */
  closeAll(code: number, cause: CloseCause): void {
    for (const [stream, socket] of [...this.sockets]) this.end(stream, socket, code, cause);
  }

  /** Frees the port and cuts whatever is still connected. */
  stop(): void {
    if (this.sweeper !== null) clearInterval(this.sweeper);
    this.gate.stop();
    this.certificate?.stop();
    this.listener.stop();
  }

  /** A connection was made: stops accepting more when descriptors run out. False: cut it off. */
  private connected(response: HttpResponse): boolean {
    const isWelcome = this.reception.connected(response);
    this.gate.accepted();
    return isWelcome;
  }

  private open(socket: StreamSocket): void {
    const data = socket.getUserData();
    const { registry, capture, clock, connections, debts } = this.options;
    connections.upgraded();
    const nowMs = clock();
    const stream = registry.open(data.facts, nowMs, debts.of(peerOf(data.facts.remoteAddress), nowMs));
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
    stream.outgoing = socket;
  }

  private message(socket: StreamSocket, message: ArrayBuffer, isBinary: boolean): void {
    const { stream, captured } = socket.getUserData();
    if (stream === null) return;
    const { capture, messageBytesMax, clock, isTooCostly } = this.options;
    const nowMs = clock();
    const bytes = new Uint8Array(message);
    if (capture !== null) capture.message(captured, bytes, isBinary, nowMs);
    if (bytes.length > messageBytesMax) {
      this.end(stream, socket, closeCode.tooBig, 'too_big');
      return;
    }
    const owner = isBinary ? stream : this.identify(stream, socket, bytes);
    if (owner === null) return;
    owner.receive(bytes, isBinary, nowMs);
    const isCostly = owner.messages % messagesPerCostlyLook === 0 && isTooCostly(owner);
    if (isCostly || owner.allowance.isFlood) this.endFlood(owner, socket);
  }

  /** A ping or a pong: what it costs to take and answer it is counted like a message. */
  private control(socket: StreamSocket): void {
    const { stream } = socket.getUserData();
    if (stream === null) return;
    this.options.totals.controlFrames++;
    stream.allowance.take(0, this.options.clock());
    if (stream.allowance.isFlood) this.endFlood(stream, socket);
  }

  /** The stream that a message belongs to: its socket's own, or an earlier one that its socket continues. Null: refused. */
  private identify(stream: Stream, socket: StreamSocket, bytes: Uint8Array): Stream | null {
    if (stream.subscriptionId !== null || stream.messages >= identifyMessagesMax) return stream;
    if (stream.metadataRead >= metadataReadMax || !mayBeMetadata(bytes)) return stream;
    stream.metadataRead++;
    const subscriptionId = subscriptionOf(bytes);
    if (subscriptionId === null) return stream;
    const { registry, duplicate, clock, capture } = this.options;
    const earlier = registry.subscriptions.find(stream.facts, subscriptionId);
    if (earlier === null || (earlier.phase === 'open' && duplicate === 'allow')) {
      registry.subscribe(stream, subscriptionId);
      return stream;
    }
    const superseded = this.sockets.get(earlier);
    if (superseded !== undefined && duplicate === 'reject') {
      this.refuseDuplicate(stream);
      return null;
    }
    if (stream.facts.callConnectionId === null) {
      // Nothing says that it is the same call.
      registry.subscribe(stream, subscriptionId);
      return stream;
    }
    if (stream.messages > 0) {
      // It has rings of its own already.
      this.supersede(earlier);
      registry.subscribe(stream, subscriptionId);
      return stream;
    }
    this.sockets.delete(stream);
    stream.outgoing = null;
    this.sockets.set(earlier, socket);
    earlier.outgoing = socket;
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
    stream.outgoing = null;
    this.options.debts.owe(peerOf(data.facts.remoteAddress), stream.allowance.owed, clock());
    registry.closed(stream, cause, stream.closeCode ?? code, clock());
  }

  private end(stream: Stream, socket: StreamSocket, code: number, cause: CloseCause): void {
    stream.closeCause = cause;
    stream.closeCode = code;
    // Calls `close` before it returns; what the peer still sends is not received any more.
    socket.end(code, cause);
  }

  /** A close frame is for those who may not know. Who did it before is cut off, and not read from any more. */
  private endFlood(stream: Stream, socket: StreamSocket): void {
    if (!stream.allowance.isOfDebtor) {
      this.end(stream, socket, closeCode.policy, 'flood');
      return;
    }
    stream.closeCause = 'flood';
    stream.closeCode = closeCode.policy;
    socket.close();
  }

  /** Ends streams that send nothing at all, or no audio any more. */
  private sweep(): void {
    const { registry, metadataTimeoutMs, idleTimeoutMs } = this.options;
    for (const [stream, socket] of [...this.sockets]) {
      const silentMs = awakeClock.since(registry.quietSinceMs(stream));
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
