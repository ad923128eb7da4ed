/**
 * The connection to NATS that publishes. Each connection is used until it breaks and then replaced by
 * a new one, so that nothing of an old one is sent later: what was not confirmed is published again by its owner.
 * Invariant: what `confirm` resolves for was taken by the server (core), or stored by it (JetStream). Sink thread.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type JetStreamClient, jetstream, jetstreamManager } from '@nats-io/jetstream';
import {
  connect,
  credsAuthenticator,
  headers as emptyHeaders,
  errors,
  type MsgHdrs,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import type { NatsSinkSpec } from '../../config/nats-spec.ts';
import { BackOff } from '../../thread/back-off.ts';

export interface NatsLinkEvents {
  /** A connection could not be made, or broke. */
  readonly onError: (error: unknown) => void;
  /** The server did not let us publish on this subject. Before `confirm` resolves for the message. */
  readonly onRefused: (subject: string) => void;
}

const brokeMessage = 'the connection broke';
/** Of a message for JetStream, about. */
const headersBytesMax = 512;
const connectMs = 5000;
/** Below the history of a ring, or a server that is back would be found too late. */
const reconnectMs = { first: 100, most: 1000 };
/** When a server comes back, consumers need a moment too. Their frames wait in the rings meanwhile. */
const consumersReturnMs = 500;
/** A server that does not confirm for so long is as good as gone. More than twice the history of a ring by default. */
const confirmMs = 5000;
/** Tells a connection without traffic from a dead one. */
const pingIntervalMs = 10_000;

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

/** Whether trying again is no use: what has to change is the configuration. */
function isLasting(error: unknown): boolean {
  if (error instanceof MissingStream) return true;
  if (error instanceof errors.AuthorizationError || error instanceof errors.InvalidArgumentError) return true;
  const { code = '', message = '' } = ((error as Error | undefined)?.cause ?? error ?? {}) as NodeJS.ErrnoException;
  return /CERT|TLS|SSL|VERIFY|ENOENT|EACCES/.test(code) || message.includes("does not support 'tls'");
}

class MissingStream extends Error {}

export class NatsLink {
  private readonly spec: NatsSinkSpec;
  private readonly events: NatsLinkEvents;
  private readonly backOff = new BackOff(reconnectMs.first, reconnectMs.most);
  private connection: NatsConnection | null = null;
  private jetstream: JetStreamClient | null = null;
  private acknowledgements: Promise<unknown>[] = [];
  /** Fails the confirmation that is waited for, if one is. */
  private breakRound: (error: unknown) => void = () => {};
  /** Nothing is published before. */
  private retryMs = 0;
  /** A connection broke, or could not be made. */
  private wasAway = false;
  private timer: NodeJS.Timeout | null = null;
  private isClosed = false;

  constructor(spec: NatsSinkSpec, events: NatsLinkEvents) {
    this.spec = spec;
    this.events = events;
  }

  /** Whether something may be published now. */
  get isReady(): boolean {
    return this.connection !== null && !this.connection.isClosed() && performance.now() >= this.retryMs;
  }

  /**
   * Makes the first attempt. A server that is away is no error: it is tried again. Throws what trying again cannot cure:
   * wrong credentials, certificates, a stream that does not exist.
   */
  async start(): Promise<void> {
    try {
      for (const path of Object.values(this.spec.tls ?? {})) accessSync(path, constants.R_OK);
      await this.connect();
      if (this.spec.jetstream !== null) await this.checkStream(this.connection!, this.spec.jetstream);
    } catch (error) {
      if (isLasting(error)) {
        await this.close();
        throw error;
      }
      this.failed(error);
    }
  }

  /** For a thread that takes over: nothing is thrown, and everything tried again. */
  resume(): void {
    this.connect().catch((error: unknown) => this.failed(error));
  }

  /**
   * The payload must not change until the next confirmation. `messageId` lets JetStream drop a repetition. On a connection
   * that has just broken it does nothing: the confirmation will fail.
   */
  publish(subject: string, payload: Uint8Array, fields: Iterable<readonly [string, string]>, messageId: string): void {
    if (this.connection === null || this.connection.isClosed()) return;
    const headers: MsgHdrs = emptyHeaders();
    for (const [name, value] of fields) headers.append(name, value);
    if (this.jetstream === null) {
      this.connection.publish(subject, payload, { headers });
      return;
    }
    // Or its round would fail, and so would every other one.
    const bytesMax = (this.connection.info?.max_payload ?? Number.POSITIVE_INFINITY) - headersBytesMax;
    if (payload.length > bytesMax) throw new Error('the server does not take messages of this size');
    const expect = { streamName: this.spec.jetstream! };
    this.acknowledgements.push(this.jetstream.publish(subject, payload, { headers, msgID: messageId, expect }));
  }

  /** Resolves when everything that was published so far has arrived, rejects if it may not have. */
  async confirm(): Promise<void> {
    const { connection, acknowledgements } = this;
    this.acknowledgements = [];
    const round = Promise.withResolvers<void>();
    // A caller that waits for it gets the error below; none has to.
    for (const promise of [round.promise, ...acknowledgements]) promise.catch(() => {});
    this.breakRound = round.reject;
    const timer = setTimeout(() => round.reject(new errors.TimeoutError()), confirmMs);
    try {
      if (connection === null || connection.isClosed()) throw new Error(brokeMessage);
      const kept = this.jetstream === null ? connection.flush() : Promise.all(acknowledgements);
      // Not at once: what the server refused before is reported before.
      kept.then(() => setImmediate(round.resolve), round.reject);
      await round.promise;
      this.backOff.succeeded();
    } catch (error) {
      this.retryMs = performance.now() + this.backOff.failed();
      // Without an answer it is unknown what becomes of what is still on its way.
      if (this.jetstream === null || error instanceof errors.TimeoutError) void connection?.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    await this.connection?.close();
  }

  private async connect(): Promise<void> {
    const connection = await connect(connectOptions(this.spec));
    if (this.isClosed) return connection.close();
    if (this.wasAway) this.retryMs = performance.now() + consumersReturnMs;
    this.connection = connection;
    this.jetstream = this.spec.jetstream === null ? null : jetstream(connection, { timeout: confirmMs });
    void connection.closed().then((error) => this.lost(connection, error));
    void this.watch(connection);
  }

  private lost(connection: NatsConnection, error: unknown): void {
    if (this.connection !== connection) return;
    this.connection = null;
    const reason = error ?? new Error(brokeMessage);
    this.breakRound(reason);
    if (!this.isClosed) this.failed(reason);
  }

  private failed(error: unknown): void {
    this.wasAway = true;
    this.events.onError(error ?? new Error(brokeMessage));
    if (this.isClosed || this.connection !== null) return;
    this.timer = setTimeout(() => this.resume(), this.backOff.failed());
  }

  private async watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type !== 'error') continue;
      const { error } = status;
      if (error instanceof errors.PermissionViolationError && error.operation === 'publish') {
        this.events.onRefused(error.subject);
      } else this.events.onError(error);
    }
  }

  private async checkStream(connection: NatsConnection, name: string): Promise<void> {
    const manager = await jetstreamManager(connection, { timeout: connectMs }).catch((error: Error) => {
      throw error.name === 'JetStreamNotEnabled' ? new MissingStream('the server has no JetStream') : error;
    });
    const frames = `${this.spec.prefix}.stream.participant`;
    const found = [frames, `${frames}.event`].map((subject) => manager.streams.find(subject).catch(() => null));
    if ((await Promise.all(found)).every((stream) => stream === name)) return;
    const remedy = `nats stream add ${name} --subjects '${this.spec.prefix}.>'`;
    throw new MissingStream(
      `no JetStream stream ${JSON.stringify(name)} with the subject ${this.spec.prefix}.>: ${remedy}`,
    );
  }
}
