/**
 * The only user of uWebSockets.js: a port that takes WebSocket upgrades, in the clear or with TLS. A new certificate
 * gets a new app on the same port; the old one keeps its connections and is freed with the last of them. Main thread.
 */

import type * as Uws from 'uWebSockets.js';
import { GatewayError } from '../base/errors.ts';
import { hardMessageBytesFactor, outgoingBytesMax } from '../base/limits.ts';
import { cannotListen, portToListenOn, type Sharing } from './port.ts';
import { uws } from './uws-binary.ts';

export type HttpRequest = Uws.HttpRequest;
export type HttpResponse = Uws.HttpResponse;

export type Socket<Data> = Uws.WebSocket<Data>;

/** Paths of PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Who else may listen on the port; absent: nobody. */
  readonly sharing?: Sharing;
  /** Null: in the clear. */
  readonly tls: TlsFiles | null;
  readonly messageBytesMax: number;
}

/** Memory of requests and messages is uWebSockets.js's own, and dead when these return. */
export interface ListenerHandlers<Data> {
  /** A connection was made; false: cut it off. `disconnected` follows, or `open`. */
  connected(response: HttpResponse): boolean;
  /** A connection that was no WebSocket is gone. */
  disconnected(): void;
  upgrade(response: HttpResponse, request: HttpRequest, accept: (data: Data, key: string) => void): void;
  open(socket: Socket<Data>): void;
  /** Called without a `this`. */
  readonly message: (socket: Socket<Data>, message: ArrayBuffer, isBinary: boolean) => void;
  close(socket: Socket<Data>, code: number, message: ArrayBuffer): void;
  /** A ping, which is answered already, or a pong. */
  control(socket: Socket<Data>): void;
  pong(socket: Socket<Data>): void;
  /** What waited in the socket is sent. */
  drain(socket: Socket<Data>): void;
  health(response: HttpResponse, withBody: boolean): void;
  ready(response: HttpResponse, withBody: boolean): void;
  plain(response: HttpResponse, request: HttpRequest): void;
}

/** What the typings of the package leave out or declare as types only. */
const untyped = uws as unknown as {
  readonly DISABLED: Uws.CompressOptions;
};

/**
 * Other sockets may listen on the same port: a new certificate has an app of its own there for an instant, and a port that was
 * given up for a while could not be had again while connections are open.
 */
const shared = 0;

/** The typings lack the overload with options behind a host. */
type Listen = (
  host: string,
  port: number,
  options: number,
  callback: (socket: Uws.us_listen_socket | false) => void,
) => void;

/** An app, and how many connections it has. */
interface App {
  readonly inner: Uws.TemplatedApp;
  connections: number;
  /** It takes no new connections, and those that were being made have had their time. */
  isRetired: boolean;
}

/** How long a handshake may still be under way on a port that was taken over. */
const handshakeMsMax = 10_000;

export class Listener<Data extends object> {
  private readonly options: ListenerOptions;
  private readonly handlers: ListenerHandlers<Data>;
  private readonly apps = new Set<App>();
  private app: App | null = null;
  private socket: Uws.us_listen_socket | null = null;
  /** Of the app before, until it has accepted who waited. */
  private oldSocket: Uws.us_listen_socket | null = null;
  private port = 0;

  constructor(options: ListenerOptions, handlers: ListenerHandlers<Data>) {
    this.options = options;
    this.handlers = handlers;
  }

  /** Resolves to the real port. Throws `listen_failed`. */
  async listen(): Promise<number> {
    const { host } = this.options;
    // A number in any case: the kernel shares no other port.
    const port = await portToListenOn(this.options);
    this.app = this.createApp();
    this.socket = this.listenWith(this.app, port);
    if (this.socket === null) throw cannotListen(host, port);
    this.port = uws.us_socket_local_port(this.socket);
    return this.port;
  }

  /** Accepts no further connection; those that wait for it are refused by the kernel. */
  pause(): void {
    this.closeOldSocket();
    if (this.socket !== null) uws.us_listen_socket_close(this.socket);
    this.socket = null;
  }

  /** Returns whether connections are accepted again: the port may be taken meanwhile. */
  resume(): boolean {
    if (this.app !== null) this.socket ??= this.listenWith(this.app, this.port);
    return this.socket !== null;
  }

  /** Accepts those who wait, then closes the port for good. Resolves when it is closed. */
  retire(): Promise<void> {
    return new Promise((resolve) => {
      afterNextLook(() => {
        this.pause();
        resolve();
      });
    });
  }

  /** Takes the certificate files, which must have been checked, for all further connections. */
  renew(): void {
    const [old, oldSocket] = [this.app, this.socket];
    if (old === null) return;
    const next = this.createApp();
    // While it is paused the next one begins to listen when it is over.
    const socket = oldSocket === null ? null : this.listenWith(next, this.port);
    if (oldSocket !== null && socket === null) {
      this.free(next);
      throw new GatewayError('listen_failed', 'the port cannot be taken over');
    }
    this.app = next;
    this.socket = socket;
    // The kernel resets who waits on a socket that is closed. So it is closed right behind a look for newcomers, which accepts
    // all of them; only who comes in the instant between the two is reset.
    this.closeOldSocket();
    this.oldSocket = oldSocket;
    afterNextLook(() => this.closeOldSocket());
    setTimeout(() => {
      old.isRetired = true;
      this.freeIfDone(old);
    }, handshakeMsMax).unref();
  }

  /** Frees the port and cuts whatever is still connected. */
  stop(): void {
    this.pause();
    for (const app of [...this.apps]) this.free(app);
  }

  private closeOldSocket(): void {
    if (this.oldSocket !== null) uws.us_listen_socket_close(this.oldSocket);
    this.oldSocket = null;
  }

  private listenWith({ inner }: App, port: number): Uws.us_listen_socket | null {
    const { host } = this.options;
    let listening: Uws.us_listen_socket | false = false;
    (inner.listen.bind(inner) as unknown as Listen)(host, port, shared, (socket) => {
      listening = socket;
    });
    return listening === false ? null : listening;
  }

  private freeIfDone(app: App): void {
    if (app.isRetired && app.connections === 0) this.free(app);
  }

  private free(app: App): void {
    if (this.apps.delete(app)) app.inner.close();
  }

  private createApp(): App {
    const { tls, messageBytesMax } = this.options;
    const { handlers } = this;
    const inner = tls === null ? uws.App() : secureApp(tls);
    const app: App = { inner, connections: 0, isRetired: false };
    this.apps.add(app);
    // biome-ignore lint/suspicious/useIterableCallbackReturn: not an array's filter: it is called for connections made and gone.
    inner.filter((response, change) => {
      if (change < 0) handlers.disconnected();
      else if (!handlers.connected(response)) response.close();
    });
    inner
      .ws<Data>('/*', {
        compression: untyped.DISABLED,
        maxPayloadLength: messageBytesMax * hardMessageBytesFactor,
        maxBackpressure: outgoingBytesMax,
        // Off: ours knows what media is. A peer that never answers a close is cut off all the same, after 4 seconds.
        idleTimeout: 0,
        sendPingsAutomatically: false,
        upgrade: (response, request, context) =>
          handlers.upgrade(response, request, (data, key) => {
            // No sub-protocol and no extension is ever agreed to.
            response.upgrade(data, key, '', '', context);
          }),
        open: (socket) => {
          app.connections++;
          handlers.open(socket);
        },
        message: handlers.message,
        ping: (socket) => handlers.control(socket),
        pong: (socket) => {
          handlers.pong(socket);
          handlers.control(socket);
        },
        drain: (socket) => handlers.drain(socket),
        close: (socket, code, message) => {
          app.connections--;
          handlers.close(socket, code, message);
          // Not from within its own callback.
          if (app.isRetired) setImmediate(() => this.freeIfDone(app));
        },
      })
      .get('/healthz', (response) => handlers.health(response, true))
      .head('/healthz', (response) => handlers.health(response, false))
      .get('/readyz', (response) => handlers.ready(response, true))
      .head('/readyz', (response) => handlers.ready(response, false))
      .any('/*', (response, request) => handlers.plain(response, request));
    return app;
  }
}

/** Calls back right behind a look for newcomers, which lies between the two, wherever in a turn of the loop this is. */
function afterNextLook(then: () => void): void {
  setImmediate(() => setImmediate(then));
}

/** Throws `bad_settings`. What Node.js takes for a good pair is one here as a rule, not always. */
function secureApp({ cert, key }: TlsFiles): Uws.TemplatedApp {
  try {
    return uws.SSLApp({ cert_file_name: cert, key_file_name: key });
  } catch (cause) {
    throw new GatewayError('bad_settings', '--tls-cert and --tls-key cannot be used by BoringSSL', { cause });
  }
}
