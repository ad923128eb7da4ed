/**
 * The connection by which agents on other machines speak. Apart from the one that publishes, so that a flood of theirs that makes the
 * server cut it off costs no frame. Made anew until it is there, with every subscription. Sink thread.
 */
import { errors, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import type { NatsSinkSpec } from '../../config/nats-spec.ts';
import { RenewedConnection } from './nats-connection.ts';

/** What an agent sends. */
export interface InboxMessage {
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs | undefined;
}

/** Returns what is answered, now or later. */
export type Take = (message: InboxMessage) => object | Promise<object>;

export class NatsInbox {
  private readonly prefix: string;
  private readonly report: (error: unknown) => void;
  private readonly renewed: RenewedConnection;
  private readonly takers = new Map<string, Take>();
  /** How to end each subscription of this connection. */
  private readonly subscribed = new Map<string, () => void>();

  constructor(spec: NatsSinkSpec, report: (error: unknown) => void) {
    this.prefix = spec.prefix;
    this.report = report;
    this.renewed = new RenewedConnection(spec, {
      onConnected: (connection) => this.connected(connection),
      onFailed: report,
      onRefused: (error) => this.refused(error),
    });
  }

  /** Connects as soon as the server is there. */
  start(): void {
    this.renewed.start();
  }

  listen(subject: string, take: Take): void {
    this.takers.set(subject, take);
    const { current } = this.renewed;
    if (current !== null) this.subscribe(current, subject);
  }

  leave(subject: string): void {
    this.takers.delete(subject);
    this.subscribed.get(subject)?.();
    this.subscribed.delete(subject);
  }

  /** Without a connection it is not sent. */
  publish(subject: string, message: object): void {
    this.renewed.current?.publish(subject, JSON.stringify(message));
  }

  close(): Promise<void> {
    return this.renewed.close();
  }

  private connected(connection: NatsConnection): void {
    this.renewed.backOff.succeeded();
    this.subscribed.clear();
    this.probe(connection);
    for (const subject of this.takers.keys()) this.subscribe(connection, subject);
  }

  private subscribe(connection: NatsConnection, subject: string): void {
    const subscription = connection.subscribe(subject, {
      callback: (error, message) => {
        // A subscription that is not permitted: `refused` hears of it too.
        if (error === null) void this.take(subject, message);
      },
    });
    this.subscribed.set(subject, () => subscription.unsubscribe());
  }

  /** Finds out what is not permitted before the first call does. No call has this name. */
  private probe(connection: NatsConnection): void {
    for (const subject of ['playback', 'playback.clear']) {
      connection.subscribe(`${this.prefix}.-.${subject}`, { max: 1, callback: () => {} });
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

  private refused(error: Error): void {
    if (!(error instanceof errors.PermissionViolationError)) this.report(error);
    else if (error.operation === 'subscription') {
      const subjects = `${this.prefix}.*.playback and ${this.prefix}.*.playback.clear`;
      this.report(new Error(`the server does not permit to subscribe to ${subjects}: agents cannot speak`));
    } else this.report(new Error('the server does not permit to answer agents: the gateway needs allow_responses'));
  }
}
