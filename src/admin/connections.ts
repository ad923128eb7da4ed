/**
 * Connections of the admin port: a bounded number, each for one request and a bounded time. One too many costs the oldest its
 * place, so that a probe gets in whoever holds the others. Main thread.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { adminAnswerMsMax, adminConnectionsMax } from '../limits.ts';

export class AdminConnections {
  /** The oldest first. */
  private readonly sockets = new Set<Socket>();
  /** Cut off to make room, or because the answer was not read. */
  cut = 0;

  /** @param onConnection for each that is made */
  constructor(server: Server, onConnection: () => void) {
    // What is sent behind the first request gets no answer, and no work done.
    server.maxRequestsPerSocket = 1;
    server.on('dropRequest', (_request, socket) => this.end(socket as Socket));
    server.on('connection', (socket) => {
      onConnection();
      this.sockets.add(socket);
      const timer = setTimeout(() => this.end(socket), adminAnswerMsMax);
      socket.once('close', () => {
        clearTimeout(timer);
        this.sockets.delete(socket);
      });
      if (this.sockets.size > adminConnectionsMax) this.end(this.sockets.values().next().value!);
    });
  }

  get count(): number {
    return this.sockets.size;
  }

  private end(socket: Socket): void {
    this.cut++;
    this.sockets.delete(socket);
    socket.destroy();
  }
}
