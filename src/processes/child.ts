/**
 * A gateway that is one of several: does what its parent says, answers what it asks, and ends in order when the parent is gone. Main thread
 * of a process of `--processes`.
 */
import { EventEmitter } from 'node:events';
import { createWriteStream } from 'node:fs';
import { GatewayError, inexactExitCode } from '../base/errors.ts';
import { createLog, type Log } from '../base/log.ts';
import { logOutput } from '../base/log-output.ts';
import { processBeatMs } from '../base/process-limits.ts';
import type { Config } from '../config/serve-settings.ts';
import { endGateway } from '../gateway/end.ts';
import type { GatewayEvents } from '../gateway/events.ts';
import { Gateway } from '../gateway/gateway.ts';
import { closeCode } from '../stream/close-code.ts';
import type { Stream, StreamPlace } from '../stream/stream.ts';
import { type Elsewhere, subscriptionKey } from '../stream/subscriptions.ts';
import type { Answers, FromProcess, Question, ToProcess } from './messages.ts';

/** The way to the parent; calls `sent` also when the parent is gone. */
export type Send = (message: FromProcess, sent?: () => void) => void;

/** Where the parent's own standard output is: for our log when the parent is gone. */
export const parentStdoutFd = 4;

export class Child {
  private readonly send: Send;
  private readonly end: (exitCode: number) => void;
  private gateway: Gateway | null = null;
  private config: Config | null = null;
  private log: Log | null = null;
  private isDraining = false;
  private isBeating = false;

  /** @param end ends the process */
  constructor(send: Send, end: (exitCode: number) => void) {
    this.send = send;
    this.end = end;
  }

  take(message: ToProcess): void {
    switch (message.type) {
      case 'start':
        this.start(message.process, message.config).catch((error: unknown) => this.failed(error));
        return;
      case 'drain':
        void this.drain(message.closesPort);
        return;
      case 'ask':
        this.answer(message.id, message.question, message.of).catch(() => {});
        return;
      case 'claimed': {
        const { key, by } = message;
        this.send({ type: this.yields(key, by) ? 'yielded' : 'kept', key, by });
        return;
      }
      case 'continues': {
        const stream = this.gateway?.registry.find(message.id);
        if (stream !== undefined) stream.continues = message.place;
        return;
      }
      case 'refused': {
        const stream = this.gateway?.registry.find(message.id);
        if (stream !== undefined) this.gateway!.frontEnd.refuseDuplicate(stream);
      }
    }
  }

  /** The parent is gone: nothing will ever stop us, and another parent may want the port. */
  orphaned(): void {
    logOutput.reopen(() => createWriteStream('', { fd: parentStdoutFd }));
    if (this.gateway === null) this.end(1);
    else if (!this.isDraining) {
      this.log?.error({ msg: 'parent process lost' });
      void this.drain(true);
    }
  }

  private async start(process: number, config: Config): Promise<void> {
    const log = createLog(config.logLevel, 'json', undefined, { process });
    const events = new EventEmitter<GatewayEvents>();
    events.once('failed', (error) => void this.drain(true, error));
    const gateway = new Gateway(config, log, { events, parent: { process, elsewhere: this.elsewhere } });
    const { port } = await gateway.start();
    // Code that has never run takes ten times as long: better now than at the first scrape, beside calls.
    await gateway.figures.snapshot();
    this.gateway = gateway;
    this.config = config;
    this.log = log;
    this.send({ type: 'listening', port });
    setInterval(() => this.beat(), processBeatMs).unref();
  }

  /** One at a time: a parent that does not read must not cost memory. */
  private beat(): void {
    if (this.isBeating) return;
    this.isBeating = true;
    this.send({ type: 'beat' }, () => {
      this.isBeating = false;
    });
  }

  private failed(error: unknown): void {
    // A fault of ours ends this process as it does any other.
    if (!(error instanceof GatewayError)) throw error;
    const { code, message, exitCode } = error;
    this.send({ type: 'failed', code, message }, () => this.end(exitCode));
  }

  private async drain(closesPort: boolean, failure: GatewayError | null = null): Promise<void> {
    const { gateway, log } = this;
    if (gateway === null || log === null || this.isDraining) return;
    this.isDraining = true;
    if (failure !== null) this.send({ type: 'failed', code: failure.code, message: failure.message });
    const result = await endGateway(gateway, log, failure, closesPort);
    const exitCode = failure?.exitCode ?? (result.isExact ? 0 : inexactExitCode);
    const metrics = await gateway.figures.snapshot();
    this.send({ type: 'drained', result, metrics }, () => this.end(exitCode));
  }

  private async answer(id: number, question: Question, of: string): Promise<void> {
    const figures = this.gateway?.figures;
    if (figures === undefined) return;
    const say = (answer: Answers[Question]) => this.send({ type: 'answer', id, answer });
    if (question === 'metrics') say(await figures.snapshot());
    else if (question === 'readiness') say(figures.readiness());
    else if (question === 'stream') say(await figures.stream(of));
    else {
      for await (const piece of figures.streams()) say(piece);
      say(null);
    }
  }

  /** Our streams, as the parent has to know them. Without the id of a call nothing says that two are the same one. */
  private readonly elsewhere: Elsewhere = {
    subscribed: (stream) => {
      if (isKnownCall(stream)) this.send({ type: 'subscribed', key: subscriptionKey(stream), id: stream.id });
    },
    unsubscribed: (stream) => {
      if (!isKnownCall(stream)) return;
      const mayComeBack = this.isDraining && stream.closeCode !== closeCode.normal;
      this.send({ type: 'unsubscribed', key: subscriptionKey(stream), id: stream.id, mayComeBack });
    },
  };

  /** Whether our stream of this subscription, if there is one, makes way for another process's. */
  private yields(key: string, by: StreamPlace): boolean {
    const { gateway, config } = this;
    const stream = gateway?.registry.subscriptions.byKey(key) ?? null;
    if (gateway === null || config === null || stream === null) return true;
    if (stream.phase === 'open' && config.duplicate !== 'replace') return false;
    stream.continuedBy = by;
    gateway.frontEnd.supersede(stream);
    return true;
  }
}

function isKnownCall({ facts }: Stream): boolean {
  return facts.callConnectionId !== null;
}
