/**
 * Stands in for a realtime speech model: no key, no cost, always the same. Plays the events of both dialects in the order in which the
 * services were recorded; understands nothing. For trying out, and for tests.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { type StandInOptions, standInDefaults } from './options.ts';
import type { Answer } from './response.ts';
import { StandInSession } from './session.ts';
import { levelOf } from './sound.ts';

/** Of a session that has ended: so many are remembered. */
const sessionsMax = 1_000;
const answersMax = 10_000;

export interface Said {
  readonly answer: Answer;
  readonly session: StandInSession;
}

export class StandIn {
  readonly options: StandInOptions;
  /** In the order in which they came. */
  sessions: StandInSession[] = [];
  /** The last answers, by the level of their samples. */
  readonly answersByLevel = new Map<number, Said>();
  /** Connections that are refused next, with which status. */
  refusals: number[] = [];
  private readonly server: Server;
  private readonly sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  private answers = 0;

  private constructor(options: StandInOptions) {
    this.options = options;
    this.server = createServer((_request, response) => response.writeHead(404).end());
    this.server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
  }

  static async listen(options: Partial<StandInOptions> = {}): Promise<StandIn> {
    const standIn = new StandIn({ ...standInDefaults, ...options });
    standIn.server.listen(standIn.options.port, '127.0.0.1');
    await once(standIn.server, 'listening');
    return standIn;
  }

  get url(): string {
    const { port } = this.server.address() as AddressInfo;
    return `ws://127.0.0.1:${port}/v1/realtime?model=stand-in`;
  }

  async close(): Promise<void> {
    for (const client of this.sockets.clients) client.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }

  nextAnswer(): number {
    return ++this.answers;
  }

  said(answer: Answer, session: StandInSession): void {
    this.answersByLevel.set(levelOf(answer.number), { answer, session });
    this.answersByLevel.delete(levelOf(answer.number - answersMax));
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '/', 'ws://stand-in');
    const status = this.refusals.shift() ?? this.statusFor(request, url);
    if (status !== 101) {
      socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (client) => {
      this.sessions.push(new StandInSession(client, this, url.searchParams.get('model')!));
      if (this.sessions.length > sessionsMax) this.sessions = this.sessions.filter(({ isOpen }) => isOpen);
    });
  }

  private statusFor({ headers }: IncomingMessage, url: URL): number {
    if (!url.pathname.endsWith('/realtime')) return 404;
    if (!url.searchParams.has('model')) return 400;
    const { key } = this.options;
    const given = headers['api-key'] ?? headers.authorization?.replace(/^Bearer /, '');
    return key === null || given === key ? 101 : 401;
  }
}
