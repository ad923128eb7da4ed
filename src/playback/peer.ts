/**
 * Whether the peer takes what it is sent. A reader that stands still is not noticed by sending: the kernel takes minutes of audio
 * for it. So audio goes out only while nothing waits in the socket, and a ping behind it once a second says whether it is read. Main thread.
 */
import { playbackPingMs, playbackStallMs } from '../base/playback-limits.ts';
import type { PlaybackTotals } from './totals.ts';

/** What the pacer needs of a WebSocket. */
export interface Outgoing {
  /** 1: sent. 0: buffered. 2: dropped. */
  send(message: string | Uint8Array, isBinary: boolean): number;
  /** What `send` is called for in there goes out at once. */
  cork(send: () => void): unknown;
  ping(): number;
  getBufferedAmount(): number;
}

export class Peer {
  private readonly totals: PlaybackTotals;
  private readonly clock: () => number;
  /** Ms since then, without those in which this thread stood still. */
  private readonly since: (ms: number) => number;
  /** When the ping was sent that is not answered; null: there is none. */
  private pingedMs: number | null = null;
  private nextPingMs = 0;
  /** It answers pings, so that no answer says something. */
  private answers = false;
  /** When something was found waiting in the socket. */
  private blockedMs: number | null = null;
  isStalled = false;

  constructor(totals: PlaybackTotals, clock: () => number, since: (ms: number) => number) {
    this.totals = totals;
    this.clock = clock;
    this.since = since;
  }

  /** Another socket. */
  reset(): void {
    this.pingedMs = null;
    this.nextPingMs = 0;
    this.answers = false;
    this.blockedMs = null;
    this.isStalled = false;
  }

  /** Whether audio may be sent. */
  isFree(socket: Outgoing): boolean {
    if (socket.getBufferedAmount() === 0) this.blockedMs = null;
    else this.blockedMs ??= this.clock();
    const wasStalled = this.isStalled;
    this.isStalled = this.stalledMs > playbackStallMs;
    if (this.isStalled && !wasStalled) this.totals.stalls++;
    return this.blockedMs === null && !this.isStalled;
  }

  /** For how long it has not taken anything, as far as we know. */
  get stalledMs(): number {
    const blockedMs = this.blockedMs === null ? 0 : this.since(this.blockedMs);
    const unansweredMs = this.pingedMs === null || !this.answers ? 0 : this.since(this.pingedMs);
    return Math.max(blockedMs, unansweredMs);
  }

  /** Behind audio: asks whether it is read. */
  ping(socket: Outgoing, nowMs: number): void {
    if (this.pingedMs !== null || nowMs < this.nextPingMs) return;
    socket.ping();
    this.pingedMs = nowMs;
    this.nextPingMs = nowMs + playbackPingMs;
  }

  ponged(): void {
    if (this.pingedMs === null) return;
    this.totals.pong.observe(this.clock() - this.pingedMs);
    this.pingedMs = null;
    this.answers = true;
  }
}
