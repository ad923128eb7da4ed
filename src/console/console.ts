/**
 * The live page of the admin port: who may see it, its files, its sockets, and the thread that computes what they show, which is there only while
 * somebody looks. Main thread.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import type { Stream } from '../stream/stream.ts';
import { Access, type AccessOptions, say } from './access.ts';
import { Listeners, type ListeningFacts } from './listeners.ts';
import type { MainTotals } from './messages.ts';
import { PageFiles } from './page-files.ts';
import { addressOf, isFromOtherSite, isSameOrigin, pathOf, queryOf } from './requests.ts';
import type { SessionEntry } from './sessions.ts';
import { type ConsoleSocket, type ConsoleSocketHandlers, ConsoleSockets, consoleClose, refuse } from './sockets.ts';
import { StreamFeed } from './stream-feed.ts';
import { StreamStates } from './stream-states.ts';
import { type ConsoleMessage, ThreadHost } from './thread-host.ts';
import { Viewers } from './viewers.ts';

export interface ConsoleOptions extends AccessOptions {
  readonly memory: SharedMemory;
  readonly registry: StreamRegistry;
  readonly threadTimeoutMs: number;
  /** What only the main thread can count, at this moment. */
  readonly totals: () => Omit<MainTotals, 'listeners'>;
  /** The main thread's own `ThreadMetrics`. */
  readonly mainMetrics: SharedArrayBuffer;
  /** Where the page is. */
  readonly folder?: string;
}

const builtPage = new URL('../../dist/console/', import.meta.url).pathname;
/** What only our own page asks for. */
const pageOnly = new Set(['login', 'logout', 'session']);
const sweepMs = 100;
/** Of these, so many between two accounts, and two looks at all sockets. */
const sweeps = { account: 5, check: 10 } as const;

/** Makes a WebSocket of a request; what `open` returns hears of it. */
type Accept = (open: (page: ConsoleSocket) => ConsoleSocketHandlers) => void;

export class Console {
  readonly access: Access;
  readonly thread: ThreadHost;
  private readonly options: ConsoleOptions;
  private readonly files: PageFiles;
  private readonly sockets = new ConsoleSockets();
  private readonly feed: StreamFeed;
  private readonly viewers: Viewers;
  private readonly listeners: Listeners;
  private timer: NodeJS.Timeout | null = null;
  private sweepCount = 0;
  private isStopped = false;

  constructor(options: ConsoleOptions) {
    const { memory, registry, log, mainMetrics, threadTimeoutMs } = options;
    this.options = options;
    this.access = new Access(options);
    this.files = new PageFiles(options.folder ?? builtPage);
    const states = StreamStates.create(memory.geometry.streamCount);
    this.thread = new ThreadHost({
      data: { memory: memory.handle, states: states.buffer, mainMetrics },
      threadTimeoutMs,
      onReady: () => this.introduce(),
      onMessage: (message) => this.take(message),
      onLost: ({ kind, reason, restartMs }) =>
        log.error({ msg: `console thread ${kind === 'died' ? 'died' : 'hangs'}`, error: reason, restartMs }),
      onAbandoned: (threads) => log.error({ msg: 'console thread cannot be ended', threads }),
    });
    const post = this.thread.post.bind(this.thread);
    this.feed = new StreamFeed({ memory, registry, states, post });
    const introduce = (stream: Stream) => this.feed.introduce(stream);
    this.viewers = new Viewers({ registry, post, introduce });
    this.listeners = new Listeners(log, post, (id) => {
      const stream = registry.find(id);
      if (stream !== undefined) introduce(stream);
    });
  }

  /** Pages that are open. */
  get viewerCount(): number {
    return this.viewers.count;
  }
  get listenerCount(): number {
    return this.listeners.count;
  }
  /** Listenings that began, ever. */
  get listenings(): number {
    return this.listeners.total;
  }

  /** A request whose path is `/console` or below it. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request).replace(/^\/console\/?/, '');
    const { access } = this;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const isPost = path === 'login' || path === 'logout';
    if (isPost ? request.method !== 'POST' : !isRead) say(response, 405, 'method not allowed');
    else if (access.isFromElsewhere(request) || (pageOnly.has(path) && isFromOtherSite(request)))
      say(response, 403, 'forbidden');
    else if (path === 'login') await access.login(request, response);
    else if (path === 'logout') access.logout(request, response);
    else if (path === 'session') access.tellSession(request, response);
    else await this.files.answer(path === '' ? 'index.html' : path, request, response);
  }

  /**
   * The same for a WebSocket. Returns false if it is no path of one: nothing was done.
   * @param onAccepted it is one now, and no request any more
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, onAccepted: () => void): boolean {
    const path = pathOf(request);
    if (path !== '/console/live' && path !== '/console/sound') return false;
    const session = this.access.sessionOf(request);
    const isFromElsewhere = !isSameOrigin(request) || this.access.isFromElsewhere(request);
    if (isFromElsewhere) refuse(socket, '403 Forbidden');
    else if (session === null) refuse(socket, '401 Unauthorized');
    else if (this.isStopped) refuse(socket, '503 Service Unavailable');
    else {
      const accept: Accept = (open) =>
        this.sockets.accept(request, socket, head, (page) => {
          onAccepted();
          this.enter();
          return open(page);
        });
      if (path === '/console/live') this.view(accept, socket, session);
      else this.listen(accept, socket, session, request);
    }
    return true;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.stopSweeping();
    this.viewers.closeAll(consoleClose.goingAway, 'the gateway ends');
    this.listeners.closeAll(consoleClose.goingAway, 'the gateway ends');
    await this.thread.stop();
  }

  private view(accept: Accept, socket: Duplex, session: SessionEntry): void {
    if (this.viewers.isFull) {
      refuse(socket, '503 Service Unavailable');
      return;
    }
    accept((page) => {
      const viewer = this.viewers.add(page, session);
      return {
        onText: (text) => this.viewers.text(viewer, text),
        onClosed: () => {
          this.viewers.remove(viewer);
          this.leave();
        },
      };
    });
  }

  private listen(accept: Accept, socket: Duplex, session: SessionEntry, request: IncomingMessage): void {
    const query = queryOf(request);
    const stream = this.options.registry.find(query.get('stream') ?? '');
    const participant = query.get('participant');
    if (!this.options.mayListen) refuse(socket, '403 Forbidden');
    else if (stream === undefined || !this.hasParticipant(stream, participant)) refuse(socket, '404 Not Found');
    else if (this.listeners.isFull) refuse(socket, '503 Service Unavailable');
    else {
      const facts: ListeningFacts = {
        streamId: stream.id,
        callConnectionId: stream.facts.callConnectionId,
        participant: participant === null ? null : Number(participant),
        remoteAddress: addressOf(request),
      };
      accept((page) => {
        const listener = this.listeners.add(page, session, facts);
        return {
          onText: () => {},
          onClosed: () => {
            this.listeners.remove(listener);
            this.leave();
          },
        };
      });
    }
  }

  /** @param participant its place; null: all of them */
  private hasParticipant(stream: Stream, participant: string | null): boolean {
    if (participant === null) return true;
    return /^\d{1,3}$/.test(participant) && Number(participant) < stream.rings.length;
  }

  private enter(): void {
    this.thread.enter();
    if (this.timer !== null || this.isStopped) return;
    this.timer = setInterval(() => this.look(), sweepMs);
    this.timer.unref();
  }

  private leave(): void {
    this.thread.leave();
    if (this.viewers.count + this.listeners.count === 0) this.stopSweeping();
  }

  private stopSweeping(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private look(): void {
    this.feed.sweep();
    this.sweepCount++;
    if (this.sweepCount % sweeps.account === 0) {
      this.thread.post({ type: 'totals', totals: { ...this.options.totals(), listeners: this.listeners.count } });
      this.viewers.accounts();
    }
    if (this.sweepCount % sweeps.check === 0) {
      const { isAlive } = this.access;
      this.viewers.check(isAlive);
      this.listeners.check(isAlive, (streamId) => this.options.registry.find(streamId) !== undefined);
    }
  }

  /** A thread is there that knows nothing. */
  private introduce(): void {
    this.feed.reset();
    this.feed.sweep();
    this.viewers.accounts();
    this.viewers.introduce();
    this.listeners.introduce();
  }

  private take(message: ConsoleMessage): void {
    switch (message.type) {
      case 'update':
        this.viewers.update(message.viewer, message.bytes);
        return;
      case 'head':
        this.listeners.head(message.listener, message.head);
        return;
      case 'sound':
        this.listeners.sound(message.listener, message.bytes);
        return;
      case 'over':
        this.listeners.over(message.listener);
        return;
    }
  }
}
