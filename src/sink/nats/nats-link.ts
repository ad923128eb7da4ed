/**
 * The connection to NATS that publishes. Of one that broke nothing is sent later: what was not confirmed is published again by its owner.
 * Invariant: what `confirm` resolves for was taken by the server (core), or stored by it (JetStream). Sink thread.
 */
import { accessSync, constants } from 'node:fs';
import { type JetStreamClient, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers as emptyHeaders, errors, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import type { NatsSinkSpec } from '../../config/nats-spec.ts';
import { brokeMessage, connectMs, RenewedConnection } from './nats-connection.ts';

export interface NatsLinkEvents {
  /** A connection could not be made, or broke. */
  readonly onError: (error: unknown) => void;
  /** The server did not let us publish on this subject. Before `confirm` resolves for the message. */
  readonly onRefused: (subject: string) => void;
}

/** Of a message for JetStream, about. */
const headersBytesMax = 512;
/** When a server comes back, consumers need a moment too. Their frames wait in the rings meanwhile. */
const consumersReturnMs = 500;
/** A server that does not confirm for so long is as good as gone. More than twice the history of a ring by default. */
const confirmMs = 5000;

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
  private readonly renewed: RenewedConnection;
  private jetstream: JetStreamClient | null = null;
  private acknowledgements: Promise<unknown>[] = [];
  /** Fails the confirmation that is waited for, if one is. */
  private breakRound: (error: unknown) => void = () => {};
  /** Nothing is published before. */
  private retryMs = 0;
  /** A connection broke, or could not be made. */
  private wasAway = false;

  constructor(spec: NatsSinkSpec, events: NatsLinkEvents) {
    this.spec = spec;
    this.events = events;
    this.renewed = new RenewedConnection(spec, {
      onConnected: (connection) => this.connected(connection),
      onFailed: (error) => this.failed(error),
      onRefused: (error) => this.refused(error),
    });
  }

  /** Whether something may be published now. */
  get isReady(): boolean {
    return this.renewed.current !== null && performance.now() >= this.retryMs;
  }

  /**
   * Makes the first attempt. A server that is away is no error: it is tried again. Throws what trying again cannot cure:
   * wrong credentials, certificates, a stream that does not exist.
   */
  async start(): Promise<void> {
    try {
      for (const path of Object.values(this.spec.tls ?? {})) accessSync(path, constants.R_OK);
      await this.renewed.connect();
      if (this.spec.jetstream !== null) await this.checkStream(this.spec.jetstream);
    } catch (error) {
      if (isLasting(error)) {
        await this.close();
        throw error;
      }
      this.renewed.failed(error);
    }
  }

  /** For a thread that takes over: nothing is thrown, and everything tried again. */
  resume(): void {
    this.renewed.start();
  }

  /**
   * The payload must not change until the next confirmation. `messageId` lets JetStream drop a repetition. On a connection
   * that has just broken it does nothing: the confirmation will fail.
   */
  publish(subject: string, payload: Uint8Array, fields: Iterable<readonly [string, string]>, messageId: string): void {
    const connection = this.renewed.current;
    if (connection === null) return;
    const headers: MsgHdrs = emptyHeaders();
    for (const [name, value] of fields) headers.append(name, value);
    if (this.jetstream === null) {
      connection.publish(subject, payload, { headers });
      return;
    }
    // Or its round would fail, and so would every other one.
    const bytesMax = (connection.info?.max_payload ?? Number.POSITIVE_INFINITY) - headersBytesMax;
    if (payload.length > bytesMax) throw new Error('the server does not take messages of this size');
    const expect = { streamName: this.spec.jetstream! };
    this.acknowledgements.push(this.jetstream.publish(subject, payload, { headers, msgID: messageId, expect }));
  }

  /** Resolves when everything that was published so far has arrived, rejects if it may not have. */
  async confirm(): Promise<void> {
    const { acknowledgements } = this;
    const connection = this.renewed.current;
    this.acknowledgements = [];
    const round = Promise.withResolvers<void>();
    // A caller that waits for it gets the error below; none has to.
    for (const promise of [round.promise, ...acknowledgements]) promise.catch(() => {});
    this.breakRound = round.reject;
    const timer = setTimeout(() => round.reject(new errors.TimeoutError()), confirmMs);
    try {
      if (connection === null) throw new Error(brokeMessage);
      const kept = this.jetstream === null ? connection.flush() : Promise.all(acknowledgements);
      // Not at once: what the server refused before is reported before.
      kept.then(() => setImmediate(round.resolve), round.reject);
      await round.promise;
      this.renewed.backOff.succeeded();
    } catch (error) {
      this.retryMs = performance.now() + this.renewed.backOff.failed();
      // Without an answer it is unknown what becomes of what is still on its way.
      if (this.jetstream === null || error instanceof errors.TimeoutError) void connection?.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.renewed.close();
    this.breakRound(new Error(brokeMessage));
  }

  private connected(connection: NatsConnection): void {
    if (this.wasAway) this.retryMs = performance.now() + consumersReturnMs;
    this.jetstream = this.spec.jetstream === null ? null : jetstream(connection, { timeout: confirmMs });
  }

  private failed(error: unknown): void {
    this.wasAway = true;
    this.breakRound(error);
    this.events.onError(error);
  }

  private refused(error: Error): void {
    if (error instanceof errors.PermissionViolationError && error.operation === 'publish') {
      this.events.onRefused(error.subject);
    } else this.events.onError(error);
  }

  private async checkStream(name: string): Promise<void> {
    const connection = this.renewed.current;
    if (connection === null) throw new Error(brokeMessage);
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
