/**
 * Who hears calls: sound passed on as long as it is read in time, and an audit record at the beginning and the end of each listening. Main thread.
 */
import { consoleLimits } from '../base/console-limits.ts';
import type { Log } from '../base/log.ts';
import type { ToConsole } from './messages.ts';
import type { SessionEntry } from './sessions.ts';
import { type ConsoleSocket, consoleClose } from './sockets.ts';
import type { SoundHead } from './wire.ts';

/** What is listened to, and from where. */
export interface ListeningFacts {
  readonly streamId: string;
  readonly callConnectionId: string | null;
  /** Null: all of them. */
  readonly participant: number | null;
  readonly remoteAddress: string;
}

interface Listener {
  readonly socket: ConsoleSocket;
  readonly session: SessionEntry;
  readonly facts: ListeningFacts;
  readonly from: Date;
  /** Of samples that were sent, and that the page was too slow for. */
  bytes: number;
  skippedBytes: number;
}

export class Listeners {
  /** Listenings that began, ever. */
  total = 0;
  private readonly log: Log;
  private readonly post: (message: ToConsole) => void;
  private readonly introduceStream: (streamId: string) => void;
  private readonly listeners = new Map<number, Listener>();
  private numbers = 0;

  /** @param introduceStream the thread knows it from then on, if it is there */
  constructor(log: Log, post: (message: ToConsole) => void, introduceStream: (streamId: string) => void) {
    this.log = log;
    this.post = post;
    this.introduceStream = introduceStream;
  }

  get count(): number {
    return this.listeners.size;
  }
  get isFull(): boolean {
    return this.count >= consoleLimits.listeners;
  }

  /** Returns its number. */
  add(socket: ConsoleSocket, session: SessionEntry, facts: ListeningFacts): number {
    const number = ++this.numbers;
    this.total++;
    this.listeners.set(number, { socket, session, facts, from: new Date(), bytes: 0, skippedBytes: 0 });
    this.log.info({ msg: 'listening begins', session: session.name, ...facts });
    this.ask(number, facts);
    return number;
  }

  remove(number: number): void {
    const listener = this.listeners.get(number);
    if (listener === undefined) return;
    this.listeners.delete(number);
    this.post({ type: 'unlisten', listener: number });
    const { session, facts, from, bytes, skippedBytes } = listener;
    const to = new Date();
    this.log.info({ msg: 'listening ends', session: session.name, ...facts, from, to, bytes, skippedBytes });
  }

  head(number: number, head: SoundHead): void {
    this.listeners.get(number)?.socket.sendText(JSON.stringify(head));
  }

  /** What a page has not read in a second it need not hear any more. */
  sound(number: number, bytes: Uint8Array): void {
    const listener = this.listeners.get(number);
    if (listener === undefined) return;
    if (listener.socket.unsentBytes > consoleLimits.soundBytesMax) listener.skippedBytes += bytes.length;
    else {
      listener.bytes += bytes.length;
      listener.socket.sendBytes(bytes);
    }
  }

  /** No sound follows. */
  over(number: number): void {
    this.listeners.get(number)?.socket.close(consoleClose.over, 'no more of it comes');
  }

  /** A thread is there that knows nothing. */
  introduce(): void {
    for (const [number, { facts }] of this.listeners) this.ask(number, facts);
  }

  /** Once a second. @param isAlive whether a session is @param isThere whether a stream is */
  check(isAlive: (session: SessionEntry) => boolean, isThere: (streamId: string) => boolean): void {
    for (const { socket, session, facts } of this.listeners.values()) {
      if (!isAlive(session)) socket.close(consoleClose.sessionOver, 'the session is over');
      else if (!isThere(facts.streamId)) socket.close(consoleClose.over, 'the stream is over');
      else socket.check();
    }
  }

  /** Each has its record, whether or not its peer still answers. */
  closeAll(code: number, reason: string): void {
    for (const [number, { socket }] of this.listeners) {
      socket.close(code, reason);
      this.remove(number);
    }
  }

  private ask(listener: number, { streamId: id, participant }: ListeningFacts): void {
    this.introduceStream(id);
    this.post({ type: 'listen', listener, id, participant });
  }
}
