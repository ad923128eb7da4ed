/**
 * The pages that look: what each wants, and that none gets an update before it has read the last one, so that a page costs one update however slow it
 * is. Main thread.
 */
import { consoleLimits } from '../base/console-limits.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import type { Stream } from '../stream/stream.ts';
import type { ToConsole } from './messages.ts';
import type { SessionEntry } from './sessions.ts';
import { type ConsoleSocket, consoleClose } from './sockets.ts';
import { parseWant } from './want.ts';
import type { Gone, Refused, Want } from './wire.ts';

export interface ViewersOptions {
  readonly registry: StreamRegistry;
  readonly post: (message: ToConsole) => void;
  /** The thread knows this stream from then on. */
  readonly introduce: (stream: Stream) => void;
}

interface Viewer {
  readonly socket: ConsoleSocket;
  readonly session: SessionEntry;
  want: Want | null;
  /** The system has not taken its last update yet. */
  isBusy: boolean;
}

export class Viewers {
  private readonly options: ViewersOptions;
  private readonly viewers = new Map<number, Viewer>();
  private numbers = 0;

  constructor(options: ViewersOptions) {
    this.options = options;
  }

  get count(): number {
    return this.viewers.size;
  }
  get isFull(): boolean {
    return this.count >= consoleLimits.viewers;
  }

  /** Returns its number. */
  add(socket: ConsoleSocket, session: SessionEntry): number {
    const number = ++this.numbers;
    this.viewers.set(number, { socket, session, want: null, isBusy: false });
    this.options.post({ type: 'take', viewer: number });
    return number;
  }

  remove(number: number): void {
    if (this.viewers.delete(number)) this.options.post({ type: 'left', viewer: number });
  }

  /** A page has sent something. */
  text(number: number, text: string): void {
    const viewer = this.viewers.get(number);
    if (viewer === undefined) return;
    const want = parseWant(text);
    if (typeof want === 'string') {
      this.tell(viewer, { update: 'refused', why: want });
      return;
    }
    viewer.want = want;
    if (want.want === 'call') this.account(viewer, want.stream);
    this.options.post({ type: 'want', viewer: number, want });
  }

  /** The thread has an update for a page. */
  update(number: number, bytes: Uint8Array): void {
    const viewer = this.viewers.get(number);
    if (viewer === undefined) return;
    viewer.isBusy = true;
    viewer.socket.sendText(bytes, () => {
      viewer.isBusy = false;
      if (this.viewers.has(number)) this.options.post({ type: 'take', viewer: number });
    });
  }

  /** A thread is there that knows nothing. */
  introduce(): void {
    for (const [viewer, { want, isBusy }] of this.viewers) {
      if (want !== null) this.options.post({ type: 'want', viewer, want });
      if (!isBusy) this.options.post({ type: 'take', viewer });
    }
  }

  /** Some times a second: the accounts of the calls that are looked at. */
  accounts(): void {
    const told = new Set<string>();
    for (const viewer of this.viewers.values()) {
      const { want } = viewer;
      if (want?.want !== 'call' || told.has(want.stream)) continue;
      if (this.account(viewer, want.stream)) told.add(want.stream);
    }
  }

  /** Once a second. @param isAlive whether a session is */
  check(isAlive: (session: SessionEntry) => boolean): void {
    for (const { socket, session } of this.viewers.values()) {
      if (isAlive(session)) socket.check();
      else socket.close(consoleClose.sessionOver, 'the session is over');
    }
  }

  closeAll(code: number, reason: string): void {
    for (const { socket } of this.viewers.values()) socket.close(code, reason);
  }

  /** Returns false if there is no such call any more: then the page knows. */
  private account(viewer: Viewer, id: string): boolean {
    const { registry, post, introduce } = this.options;
    const stream = registry.find(id);
    if (stream === undefined) {
      viewer.want = null;
      this.tell(viewer, { update: 'gone', stream: id });
      return false;
    }
    introduce(stream);
    const report = registry.report(stream) as unknown as Readonly<Record<string, unknown>>;
    post({ type: 'report', id, report, recordings: stream.recordings.map(({ path }) => path) });
    return true;
  }

  /** Something short, if the page reads. */
  private tell({ socket }: Viewer, update: Gone | Refused): void {
    if (socket.unsentBytes < consoleLimits.soundBytesMax) socket.sendText(JSON.stringify(update));
  }
}
