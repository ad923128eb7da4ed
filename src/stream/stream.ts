/**
 * One ACS stream, from the accepted upgrade to the last frame that a reader takes: what the main thread knows of it.
 * Everything that messages change lives in the stream's slot in shared memory. Main thread.
 */
import { randomUUID } from 'node:crypto';
import type { AwakeTimer } from '../base/awake-clock.ts';
import type { Lane } from '../lane/lane.ts';
import type { Outgoing } from '../playback/peer.ts';
import type { Speaker } from '../playback/speaker.ts';
import type { RingAddress } from '../ring/cursor.ts';
import type { Labels } from '../ring/track.ts';
import type { RecordingFile } from '../sink/sink.ts';
import { Allowance } from './allowance.ts';
import type { FullRing } from './ring-report.ts';
import type { CloseCause, Totals } from './totals.ts';

/** What the upgrade request said about the stream, bounded and copied. Correlates, does not authenticate. */
export interface StreamFacts {
  readonly remoteAddress: string;
  readonly callConnectionId: string | null;
  readonly correlationId: string | null;
  readonly labels?: Labels;
  /** Stands for the credential and the call together: only another socket with the same may resume the stream. */
  readonly owner?: string;
}

/**
 * `open`: its socket is connected. `waiting`: the socket broke off, another one may resume. `ending`: its last messages are in
 * the lane. `lingering`: all is decoded, readers drain. `released`: nothing of it is left.
 */
export type StreamPhase = 'open' | 'waiting' | 'ending' | 'lingering' | 'released';

/** A stream of a process: the same call, before or after. */
export interface StreamPlace {
  /** Its number, as in the log. */
  readonly process: number;
  /** The `id` of the stream there. */
  readonly id: string;
}

/** A file that is finished, and the sink that wrote it, as given with `--sink`. */
export interface StreamRecording extends RecordingFile {
  /** As given with `--sink`. */
  readonly sink: string;
}

/** One reader's part in a stream. */
export interface ReaderCounts {
  readonly reader: string;
  framesRead: number;
  framesLapped: number;
  /** Rings that it has not drained yet. */
  pendingRings: number;
}

export interface StreamOptions {
  readonly index: number;
  readonly lane: Lane;
  readonly facts: StreamFacts;
  readonly totals: Totals;
  readonly nowMs: number;
  /** Names of those who read its rings. */
  readonly readers: readonly string[];
  readonly messagesPerSecondMax: number;
  /** Messages that its address owes. */
  readonly debt?: number;
}

export class Stream {
  // What every message touches, side by side, and small integers but for two: a number with a fraction lies elsewhere.
  messages = 0;
  bytes = 0;
  readonly lane: Lane;
  private readonly totals: Totals;
  readonly allowance: Allowance;
  readonly index: number;

  /** Our own name for it; unique. */
  readonly id: string = randomUUID();
  /** Of its latest socket. */
  facts: StreamFacts;
  /** ms on the process's clock, and on the wall. */
  readonly connectedMs: number;
  readonly connectedAt: Date = new Date();
  phase: StreamPhase = 'open';
  /** When its latest socket came. */
  socketMs: number;
  /** What another socket must name to resume it; null until known. */
  subscriptionId: string | null = null;
  /** With `--processes`: the stream of another process whose call this one has, and the one that has its call now. */
  continues: StreamPlace | null = null;
  continuedBy: StreamPlace | null = null;
  /** Messages in which a subscription was looked for. */
  metadataRead = 0;
  /** How often its socket broke off or was superseded, and another one resumed; and how long it had none, in all. */
  interruptions = 0;
  interruptedMs = 0;
  /** No audio comes though there was some; how often that was, and for how long in all. */
  isStalled = false;
  stalls = 0;
  stalledMs = 0;
  messagesIgnored = 0;
  messagesLaneFull = 0;
  messagesRateLimited = 0;
  /** Why we are closing it; null while the peer has the say. */
  closeCause: CloseCause | null = null;
  closeCode: number | null = null;
  endedMs: number | null = null;
  /** Whether it was announced, and with which sample rate. */
  isAnnounced = false;
  announcedRate = 0;
  /** Rings of participants that were announced to the sinks, and of those the ones whose end was announced. */
  readonly rings: RingAddress[] = [];
  readonly participantsEnded: Set<number> = new Set();
  /** What stood in rings that were full; their participants moved to others. */
  readonly fullRings: FullRing[] = [];
  /** Who reads this stream's rings, and what each of them has done with those that ended. */
  readonly readerCounts: readonly ReaderCounts[];
  /** Files of it that sinks have finished. */
  readonly recordings: StreamRecording[] = [];
  /** What speaks into it; null until playback is asked for. */
  speaker: Speaker | null = null;
  /** Its socket, for sending; null while it has none. Here, and in no map: it is asked for whenever something is sent. */
  outgoing: Outgoing | null = null;
  /** Ends a wait for another socket, or for readers. */
  timer: AwakeTimer | null = null;

  constructor(options: StreamOptions) {
    const { index, lane, facts, totals, nowMs, readers, messagesPerSecondMax, debt = 0 } = options;
    this.index = index;
    this.lane = lane;
    this.facts = facts;
    this.totals = totals;
    this.connectedMs = nowMs;
    this.socketMs = nowMs;
    this.readerCounts = readers.map((reader) => ({ reader, framesRead: 0, framesLapped: 0, pendingRings: 0 }));
    this.allowance = new Allowance(messagesPerSecondMax, debt, nowMs);
  }

  /** As `/streams` tells it. */
  get state(): StreamPhase | 'stalled' {
    return this.phase === 'open' && this.isStalled ? 'stalled' : this.phase;
  }

  /** Whether every reader is done with every ring that it knows. */
  get isDrained(): boolean {
    return this.readerCounts.every(({ pendingRings }) => pendingRings === 0);
  }

  /** Takes one message: into the lane, or into a counter. `bytes` may die as soon as this returns. */
  receive(bytes: Uint8Array, isBinary: boolean, arrivalMs: number): void {
    const { totals } = this;
    this.messages++;
    this.bytes += bytes.length;
    totals.messagesReceived++;
    totals.bytesReceived += bytes.length;
    if (!this.allowance.take(bytes.length, arrivalMs)) {
      this.messagesRateLimited++;
      totals.messagesRateLimited++;
    } else if (isBinary) {
      this.messagesIgnored++;
      totals.messagesIgnored++;
    } else if (!this.lane.pushMessage(this.index, arrivalMs, bytes)) {
      this.messagesLaneFull++;
      totals.messagesLaneFull++;
    }
  }
}
