/** An agent on another machine, written from docs/nats.md alone: says samples into a call, and hears what became of them. */
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { onTestFinished } from 'vitest';
import type { NatsServer } from './server.ts';

export interface Answer {
  readonly utterance: string | null;
  readonly state: string;
  readonly taken: number;
  readonly written: number;
  readonly queuedMs: number;
  readonly playedMs?: number;
  readonly error?: string;
  readonly message?: string;
}

export interface Say {
  readonly id?: string;
  readonly rate?: number | string;
  readonly end?: boolean | string;
  readonly live?: boolean | string;
}

export class NatsAgent {
  readonly nats: NatsConnection;
  readonly subject: string;
  readonly played: Record<string, unknown>[] = [];

  private constructor(nats: NatsConnection, subject: string) {
    this.nats = nats;
    this.subject = subject;
    nats.subscribe(`${subject}.played`, { callback: (_error, message) => void this.played.push(message.json()) });
  }

  static async connect(server: NatsServer, call: string, prefix = 'acs.audio', more = {}): Promise<NatsAgent> {
    const options = { servers: server.address, reconnectTimeWait: 100, maxReconnectAttempts: -1, ...more };
    const nats = await connect(options);
    onTestFinished(() => nats.close());
    const agent = new NatsAgent(nats, `${prefix}.${call}.playback`);
    await nats.flush();
    return agent;
  }

  /** Without waiting for an answer. */
  say(pcm: Uint8Array, options: Say = {}): void {
    this.nats.publish(this.subject, pcm, { headers: headersOf(options) });
  }

  async ask(pcm: Uint8Array, options: Say = {}, timeout = 5000): Promise<Answer> {
    const answer = await this.nats.request(this.subject, pcm, { headers: headersOf(options), timeout });
    return answer.json<Answer>();
  }

  async clear(): Promise<Answer> {
    return (await this.nats.request(`${this.subject}.clear`, '', { timeout: 5000 })).json<Answer>();
  }

  /** Says all of it, as long as it takes. */
  async sayAll(pcm: Buffer, options: Say = {}): Promise<void> {
    for (let at = 0; at < pcm.length; ) {
      const piece = pcm.subarray(at, at + 32_000);
      const isLast = at + piece.length === pcm.length;
      const { taken, error, state } = await this.ask(piece, { ...options, end: isLast });
      if (error !== undefined) throw new Error(`${error} ${state}`);
      at += 2 * taken;
      if (2 * taken < piece.length) await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  die(): Promise<void> {
    return this.nats.close();
  }
}

function headersOf({ id, rate, end, live }: Say) {
  const fields = headers();
  if (id !== undefined) fields.set('Acs-Utterance', id);
  if (rate !== undefined) fields.set('Acs-Sample-Rate', String(rate));
  if (end !== undefined && end !== false) fields.set('Acs-End', String(end));
  if (live !== undefined) fields.set('Acs-Live', String(live));
  return fields;
}
