/**
 * The WebSocket with everything that is live. Dials again by itself, with growing pauses, until it is closed, and asks for the session
 * before each time: a WebSocket cannot say that its cookie has expired. Invariant: after an opening the gateway knows the newest want.
 */
import { type Session, sessionOverCode, type Update, type Want } from '../../src/console/wire.ts';
import { socketAddress } from './addresses.ts';
import { readSession, refusedText } from './session.ts';

export type LiveState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `sinceMs`, `retryAtMs`: as `Date.now()` counts. */
  | { readonly kind: 'disconnected'; readonly why: string; readonly sinceMs: number; readonly retryAtMs: number };

export interface LiveHooks {
  readonly onState: (state: LiveState) => void;
  readonly onSession: (session: Session) => void;
  /** The cookie is missing or expired; it does not dial any more. */
  readonly onLogin: () => void;
}

const pauseMsMin = 500;
const pauseMsMax = 10_000;
/** Ten updates a second come; without any for so long the other end is gone, whatever TCP says. */
const silenceMsMax = 10_000;
/** The gateway refuses more than 20 messages a second. */
const wantIntervalMs = 80;

export class Live {
  private readonly hooks: LiveHooks;
  private readonly listeners = new Set<(update: Update) => void>();
  private socket: WebSocket | null = null;
  private wanted: string | null = null;
  /** What the gateway knows of it, and since when. */
  private sent: string | null = null;
  private sentMs = 0;
  private wantTimer: ReturnType<typeof setTimeout> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pauseMs = pauseMsMin;
  private sinceMs = 0;
  /** When something must have come; none where nothing is to come. */
  private silentAtMs = Number.POSITIVE_INFINITY;
  private closed = false;

  constructor(hooks: LiveHooks) {
    this.hooks = hooks;
  }

  start(): void {
    this.hooks.onState({ kind: 'connecting' });
    void this.dial();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.wantTimer);
    this.socket?.close();
  }

  /** Replaces what was wanted before; the same again costs nothing. */
  want(want: Want): void {
    const text = JSON.stringify(want);
    if (text === this.wanted) return;
    this.wanted = text;
    this.wantTimer ??= setTimeout(
      () => {
        this.wantTimer = undefined;
        if (this.socket?.readyState === WebSocket.OPEN) this.send(this.socket);
      },
      Math.max(0, this.sentMs + wantIntervalMs - performance.now()),
    );
  }

  /** Returns what ends it. */
  listen(listener: (update: Update) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Does not wait any longer. */
  retryNow(): void {
    if (this.socket !== null) return;
    clearTimeout(this.timer);
    void this.dial();
  }

  private async dial(): Promise<void> {
    const answer = await readSession();
    if (this.closed || this.socket !== null) return;
    if (answer.kind === 'login') {
      this.closed = true;
      this.hooks.onLogin();
      return;
    }
    if (answer.kind !== 'session') {
      this.retry(answer.kind === 'refused' ? refusedText : undefined);
      return;
    }
    this.hooks.onSession(answer.session);
    this.open();
  }

  private open(): void {
    const socket = new WebSocket(socketAddress('live'));
    this.socket = socket;
    const watch = setInterval(() => {
      if (performance.now() > this.silentAtMs) socket.close();
    }, 1000);
    socket.onopen = () => {
      this.send(socket);
    };
    socket.onmessage = ({ data }) => {
      if (this.pauseMs !== 0) {
        this.pauseMs = 0;
        this.sinceMs = 0;
        this.hooks.onState({ kind: 'live' });
      }
      const update = JSON.parse(data as string) as Update;
      const isLast = update.update === 'gone' || update.update === 'refused';
      this.silentAtMs = isLast ? Number.POSITIVE_INFINITY : performance.now() + silenceMsMax;
      for (const listener of this.listeners) listener(update);
    };
    socket.onclose = ({ code }) => {
      clearInterval(watch);
      this.socket = null;
      this.sent = null;
      if (this.closed) return;
      if (code === sessionOverCode) void this.dial();
      else this.retry();
    };
  }

  private send(socket: WebSocket): void {
    if (this.wanted === null || this.wanted === this.sent) return;
    socket.send(this.wanted);
    this.sent = this.wanted;
    this.sentMs = performance.now();
    this.silentAtMs = performance.now() + silenceMsMax;
  }

  private retry(why = 'The gateway does not answer; what you see is not live.'): void {
    this.pauseMs = Math.min(pauseMsMax, Math.max(pauseMsMin, this.pauseMs * 2));
    this.sinceMs ||= Date.now();
    // Spread: all pages of a gateway lose it at the same moment.
    const waitMs = this.pauseMs * (0.75 + Math.random() / 2);
    this.hooks.onState({ kind: 'disconnected', why, sinceMs: this.sinceMs, retryAtMs: Date.now() + waitMs });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.dial(), waitMs);
  }
}
