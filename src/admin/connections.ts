/**
 * Connections of the admin port: a bounded number, each for one request and a bounded time. One too many costs the oldest its
 * place, so that a probe gets in however many are held. Main thread.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { adminAnswerMsMax, adminConnectionsMax, adminSocketsMax } from '../base/limits.ts';

export class AdminConnections {
  /** The oldest first. */
  private readonly sockets = new Map<Socket, NodeJS.Timeout>();
  /** Those whose request is to be read, one in each turn of the loop: of hundreds at once most have lost their place by then. */
  private readonly unread: Socket[] = [];
  /** @param onConnection for each that is made */
  constructor(server: Server, onConnection: () => void) {
    // What is sent behind the first request is not looked at; the connection ends with its answer.
    server.maxRequestsPerSocket = 1;
    server.maxConnections = adminSocketsMax;
    server.on('dropRequest', (_request, socket) => (socket as Socket).pause());
    server.on('connection', (socket) => {
      onConnection();
      const timer = setTimeout(() => this.end(socket), adminAnswerMsMax);
      this.sockets.set(socket, timer);
      socket.once('close', () => this.release(socket));
      if (this.sockets.size > adminConnectionsMax) this.end(this.sockets.keys().next().value!);
      socket.pause();
      if (this.unread.push(socket) === 1) setImmediate(() => this.readNext());
    });
  }

  private readNext(): void {
    this.unread.shift()?.resume();
    if (this.unread.length > 0) setImmediate(() => this.readNext());
  }

  /** It is no such connection any more: it has become a WebSocket, or is closed. */
  release(socket: Socket): void {
    clearTimeout(this.sockets.get(socket));
    this.sockets.delete(socket);
  }

  private end(socket: Socket): void {
    this.sockets.delete(socket);
    socket.destroy();
  }
}
