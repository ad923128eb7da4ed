/**
 * The connection by which agents on other machines speak. Apart from the one that publishes, so that a flood of theirs that makes the
 * server cut it off costs no frame. Made anew until it is there, with every subscription. Sink thread.
 */
import { connect, errors, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import type { NatsSinkSpec } from '../../config/nats-spec.ts';
import { BackOff } from '../../thread/back-off.ts';
import { connectOptions } from './nats-link.ts';

/** What an agent sends. */
export interface InboxMessage {
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs | undefined;
}

/** Returns what is answered, now or later. */
export type Take = (message: InboxMessage) => object | Promise<object>;

/** Agents try again more often than that. */
const reconnectMs = { first: 100, most: 1000 };

export class NatsInbox {
  private readonly spec: NatsSinkSpec;
  private readonly report: (error: unknown) => void;
  private readonly backOff = new BackOff(reconnectMs.first, reconnectMs.most);
  private readonly takers = new Map<string, Take>();
  /** How to end each subscription of this connection. */
  private readonly subscribed = new Map<string, () => void>();
  private connection: NatsConnection | null = null;
  private timer: NodeJS.Timeout | null = null;
  private isClosed = false;

  constructor(spec: NatsSinkSpec, report: (error: unknown) => void) {
    this.spec = spec;
    this.report = report;
  }

  /** Connects as soon as the server is there. */
  start(): void {
    this.connect().catch((error: unknown) => this.failed(error));
  }

  listen(subject: string, take: Take): void {
    this.takers.set(subject, take);
    if (this.connection !== null) this.subscribe(this.connection, subject);
  }

  leave(subject: string): void {
    this.takers.delete(subject);
    this.subscribed.get(subject)?.();
    this.subscribed.delete(subject);
  }

  /** Without a connection it is not sent. */
  publish(subject: string, message: object): void {
    if (this.connection?.isClosed() === false) this.connection.publish(subject, JSON.stringify(message));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    await this.connection?.close();
  }

  private async connect(): Promise<void> {
    const connection = await connect(connectOptions(this.spec));
    if (this.isClosed) return connection.close();
    this.connection = connection;
    this.backOff.succeeded();
    this.subscribed.clear();
    this.probe(connection);
    for (const subject of this.takers.keys()) this.subscribe(connection, subject);
    void connection.closed().then((error) => this.lost(connection, error));
    void this.watch(connection);
  }

  private subscribe(connection: NatsConnection, subject: string): void {
    if (connection.isClosed()) return;
    const subscription = connection.subscribe(subject, {
      callback: (error, message) => {
        // A subscription that is not permitted: `watch` hears of it too.
        if (error === null) void this.take(subject, message);
      },
    });
    this.subscribed.set(subject, () => subscription.unsubscribe());
  }

  /** Finds out what is not permitted before the first call does. No call has this name. */
  private probe(connection: NatsConnection): void {
    for (const subject of ['playback', 'playback.clear']) {
      connection.subscribe(`${this.spec.prefix}.-.${subject}`, { max: 1, callback: () => {} });
    }
  }

  private async take(subject: string, message: Msg): Promise<void> {
    try {
      const answer = await this.takers.get(subject)?.(message);
      if (answer !== undefined && message.reply) message.respond(JSON.stringify(answer));
    } catch (error) {
      this.report(error);
    }
  }

  private lost(connection: NatsConnection, error: unknown): void {
    if (this.connection !== connection) return;
    this.connection = null;
    if (!this.isClosed) this.failed(error ?? new Error('the connection broke'));
  }

  private failed(error: unknown): void {
    if (this.isClosed) return;
    this.report(error);
    this.timer = setTimeout(() => this.start(), this.backOff.failed());
  }

  private async watch(connection: NatsConnection): Promise<void> {
    const { prefix } = this.spec;
    for await (const status of connection.status()) {
      if (status.type !== 'error') continue;
      const { error } = status;
      if (!(error instanceof errors.PermissionViolationError)) this.report(error);
      else if (error.operation === 'subscription') {
        const subjects = `${prefix}.*.playback and ${prefix}.*.playback.clear`;
        this.report(new Error(`the server does not permit to subscribe to ${subjects}: agents cannot speak`));
      } else this.report(new Error('the server does not permit to answer agents: the gateway needs allow_responses'));
    }
  }
}
