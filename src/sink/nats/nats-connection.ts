/**
 * A connection to NATS that is used until it breaks and then replaced by a new one, so that nothing of an old one is sent later. Tried
 * again until it is there. Sink thread.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { connect, credsAuthenticator, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { NatsSinkSpec } from '../../config/nats-spec.ts';
import { BackOff } from '../../thread/back-off.ts';

export const brokeMessage = 'the connection broke';
export const connectMs = 5000;
/** Below the history of a ring, or a server that is back would be found too late. Agents try again less often. */
const reconnectMs = { first: 100, most: 1000 };
/** Tells a connection without traffic from a dead one. */
const pingIntervalMs = 10_000;

export interface NatsConnectionEvents {
  /** There is one, for the first time or again. */
  readonly onConnected: (connection: NatsConnection) => void;
  /** It could not be made, or broke. Not once `close` was called. */
  readonly onFailed: (error: unknown) => void;
  /** The server refuses something, and the connection stays. */
  readonly onRefused: (error: Error) => void;
}

export function connectOptions({ servers, user, password, credsFile, tls }: NatsSinkSpec): NodeConnectionOptions {
  return {
    servers: [...servers],
    name: `acs-audio-gateway@${hostname()}`,
    reconnect: false,
    ignoreClusterUpdates: true,
    timeout: connectMs,
    pingInterval: pingIntervalMs,
    maxPingOut: 2,
    ...(user !== null && { user, pass: password ?? '' }),
    ...(user === null && password !== null && { token: password }),
    ...(credsFile !== null && { authenticator: credsAuthenticator(readFileSync(credsFile)) }),
    ...(tls !== null && { tls }),
  };
}

export class RenewedConnection {
  readonly backOff = new BackOff(reconnectMs.first, reconnectMs.most);
  private readonly spec: NatsSinkSpec;
  private readonly events: NatsConnectionEvents;
  private connection: NatsConnection | null = null;
  private timer: NodeJS.Timeout | null = null;
  private isClosed = false;

  constructor(spec: NatsSinkSpec, events: NatsConnectionEvents) {
    this.spec = spec;
    this.events = events;
  }

  /** The one that is there now; it may break at any moment, and does nothing from then on. */
  get current(): NatsConnection | null {
    return this.connection === null || this.connection.isClosed() ? null : this.connection;
  }

  /** Connects as soon as the server is there. */
  start(): void {
    this.connect().catch((error: unknown) => this.failed(error));
  }

  /** The same, once. Throws if that fails: `failed` has it tried again. */
  async connect(): Promise<void> {
    const connection = await connect(connectOptions(this.spec));
    if (this.isClosed) return connection.close();
    this.connection = connection;
    void connection.closed().then((error) => this.lost(connection, error));
    void this.watch(connection);
    this.events.onConnected(connection);
  }

  /** Without a connection, makes another attempt, later. */
  failed(error: unknown): void {
    if (this.isClosed) return;
    this.events.onFailed(error);
    if (this.connection === null) this.timer = setTimeout(() => this.start(), this.backOff.failed());
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    await this.connection?.close();
  }

  private lost(connection: NatsConnection, error: unknown): void {
    if (this.connection !== connection) return;
    this.connection = null;
    this.failed(error ?? new Error(brokeMessage));
  }

  private async watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) if (status.type === 'error') this.events.onRefused(status.error);
  }
}
