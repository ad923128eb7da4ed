/**
 * All streams of the process, and their way from the upgrade to the release of their rings: open, perhaps waiting for another
 * socket, ending, lingering. Acts on the changes that leases bring: a new participant goes to the observers, an ended stream
 * lingers until every reader has drained it or the deadline is up. Main thread.
 */
import { awakeClock } from '../base/awake-clock.ts';
import type { Lane } from '../lane/lane.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { recordKind, ringState, streamEnd } from '../memory/states.ts';
import { StreamSlot } from '../memory/stream-slot.ts';
import { closeCode } from './close-code.ts';
import { type EndedStream, reportEnded } from './ended-stream.ts';
import { FullRings } from './full-rings.ts';
import type { ParticipantRing } from './ring-report.ts';
import { StreamSlots } from './slots.ts';
import { Stream, type StreamFacts, type StreamRecording } from './stream.ts';
import type { StreamObserver } from './stream-observer.ts';
import { participantCount, participantRing, reportStream, type StreamReport, sampleRateOf } from './stream-report.ts';
import { type Elsewhere, Subscriptions } from './subscriptions.ts';
import type { CloseCause, Totals } from './totals.ts';

export interface RegistryOptions {
  readonly memory: SharedMemory;
  readonly lanes: readonly Lane[];
  readonly totals: Totals;
  readonly observers: StreamObserver;
  readonly streamsMax: number;
  /** Of each stream. */
  readonly messagesPerSecondMax: number;
  readonly lingerMs: number;
  /** How long a stream whose socket broke off waits for another one; 0: not at all. */
  readonly resumeGraceMs: number;
  /** A stream's socket is closed and its last message dealt with; readers may still be busy. */
  readonly onDecoded: (stream: Stream) => void;
  /** A stream is over, for its readers too. */
  readonly onEnded: (record: EndedStream) => void;
  /** Absent: there is no other process. */
  readonly elsewhere?: Elsewhere | undefined;
}

export class StreamRegistry {
  private readonly options: RegistryOptions;
  private readonly slots: StreamSlots;
  private readonly fullRings: FullRings;
  private readonly byId = new Map<string, Stream>();
  /** Which stream has one, whether its socket is connected or not. */
  readonly subscriptions: Subscriptions;
  private isClosing = false;
  private emptyWaiters: (() => void)[] = [];
  /** Streams whose socket is connected. */
  active = 0;
  /** Frames of all rings that ended so far. */
  framesEnded = 0;

  constructor(options: RegistryOptions) {
    this.options = options;
    this.subscriptions = new Subscriptions(options.elsewhere ?? null);
    this.slots = new StreamSlots(options.memory, options.lanes);
    this.fullRings = new FullRings(options.memory, options.lingerMs);
  }

  get isFull(): boolean {
    return this.active >= this.options.streamsMax || this.slots.isFull;
  }

  /** Those whose rings can be read: connected, ending, or lingering. */
  get all(): Stream[] {
    return Array.from(this.byId.values()).filter((stream) => stream.phase !== 'released');
  }

  /** Streams whose socket is connected. */
  *connected(): Iterable<Stream> {
    for (const stream of this.byId.values()) if (stream.phase === 'open') yield stream;
  }

  find(id: string): Stream | undefined {
    const stream = this.byId.get(id);
    return stream?.phase === 'released' ? undefined : stream;
  }

  report(stream: Stream): StreamReport {
    return reportStream(this.options.memory, stream);
  }

  /** Since when a stream waits for audio: its last one, or its socket's beginning; ms on the process's clock. */
  quietSinceMs(stream: Stream): number {
    return Math.max(stream.socketMs, this.lastAudioMs(stream));
  }

  /** When the last audio of a stream was committed, ms on the process's clock; 0 before the first. */
  lastAudioMs(stream: Stream): number {
    return new StreamSlot(this.options.memory, stream.index).lastAudioMs;
  }

  /** A stream for an accepted upgrade, or null when there is no room. */
  open(facts: StreamFacts, nowMs: number, debt = 0): Stream | null {
    if (this.isFull) return null;
    const { totals, observers, messagesPerSecondMax } = this.options;
    const { readers } = observers;
    const stream = this.slots.take(
      (index, lane) => new Stream({ index, lane, facts, totals, nowMs, readers, messagesPerSecondMax, debt }),
    );
    this.byId.set(stream.id, stream);
    this.active++;
    return stream;
  }

  /**
   * The stream's socket is closed. If it may have broken off, the stream waits for another one; else it ends. The end travels
   * through the lane, behind the last message.
   */
  closed(stream: Stream, cause: CloseCause, code: number, nowMs: number): void {
    this.disconnected(stream, cause, code, nowMs);
    const { resumeGraceMs } = this.options;
    const mayComeBack = cause === 'peer' && code !== closeCode.normal && stream.subscriptionId !== null;
    if (!mayComeBack || resumeGraceMs === 0 || this.isClosing) this.finish(stream);
    else {
      stream.phase = 'waiting';
      stream.timer = awakeClock.after(resumeGraceMs, () => this.finish(stream));
    }
  }

  /** Whether an owner has a stream whose socket is connected. */
  hasCall(owner: string): boolean {
    for (const { phase, facts } of this.byId.values()) if (phase === 'open' && facts.owner === owner) return true;
    return false;
  }

  /** From now on another socket can resume it. The first one of a subscription keeps it. */
  subscribe(stream: Stream, subscriptionId: string): void {
    stream.subscriptionId = subscriptionId;
    this.subscriptions.add(stream);
  }

  /**
   * The socket of `fresh`, which has sent nothing yet that was kept, resumes `stream`, whose own socket is gone or is
   * superseded. Nothing is left of `fresh`.
   */
  resume(stream: Stream, fresh: Stream, nowMs: number): void {
    const { memory, totals } = this.options;
    if (stream.phase === 'open') this.disconnected(stream, 'superseded', closeCode.superseded, nowMs);
    stream.timer?.cancel();
    const brokeOffMs = stream.endedMs ?? nowMs;
    new StreamSlot(memory, stream.index).brokeOffMs = brokeOffMs;
    stream.phase = 'open';
    stream.timer = null;
    stream.closeCause = null;
    stream.closeCode = null;
    stream.endedMs = null;
    stream.facts = fresh.facts;
    stream.socketMs = nowMs;
    stream.interruptions++;
    stream.interruptedMs += nowMs - brokeOffMs;
    totals.resumes++;
    fresh.phase = 'released';
    this.forget(fresh);
  }

  /** No socket will come back: streams that wait for one end. */
  endWaiting(): void {
    this.isClosing = true;
    for (const stream of [...this.byId.values()]) if (stream.phase === 'waiting') this.finish(stream);
  }

  private disconnected(stream: Stream, cause: CloseCause, code: number, nowMs: number): void {
    stream.closeCause = cause;
    stream.closeCode = code;
    stream.endedMs = nowMs;
    this.active--;
    this.options.totals.closes[cause]++;
  }

  /** The stream ends, even if it waits for another socket. */
  finish(stream: Stream): void {
    stream.timer?.cancel();
    stream.timer = null;
    stream.phase = 'ending';
    stream.speaker?.close('stream_ended');
    this.subscriptions.remove(stream);
    stream.lane.pushControl(recordKind.close, stream.index);
  }

  /** A lease brought changes of these streams. */
  changed(streamIndices: readonly number[]): void {
    for (const index of streamIndices) {
      const stream = this.slots.at(index);
      if (stream !== undefined) this.follow(stream);
    }
  }

  /** The changes of this lane's streams were lost: looks at all of them. */
  changedInLane(laneIndex: number): void {
    for (const stream of [...this.byId.values()]) if (stream.lane.index === laneIndex) this.follow(stream);
  }

  /** Reports an event of the stream in this slot, such as a DTMF tone. */
  happened(streamIndex: number, tell: (observers: StreamObserver, stream: Stream) => void): void {
    const stream = this.slots.at(streamIndex);
    if (stream !== undefined) tell(this.options.observers, stream);
  }

  /** A reader, by its place among the observers's, will not look at a ring of this stream any more. */
  readerDone(streamId: string, reader: number, framesRead: number, framesLapped: number): void {
    const stream = this.byId.get(streamId);
    if (stream === undefined || stream.phase === 'released') return;
    const counts = stream.readerCounts[reader]!;
    counts.pendingRings--;
    counts.framesRead += framesRead;
    counts.framesLapped += framesLapped;
    if (stream.phase === 'lingering' && stream.isDrained) this.release(stream);
  }

  /** A sink has finished a file. Returns it. */
  recorded(recording: StreamRecording): StreamRecording {
    this.byId.get(recording.streamId)?.recordings.push(recording);
    return recording;
  }

  /** Resolves when no stream is left, lingering ones included. */
  empty(): Promise<void> {
    if (this.byId.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.emptyWaiters.push(resolve));
  }

  private follow(stream: Stream): void {
    const { memory } = this.options;
    // Before all else: what it says of the rings is true from then on.
    const end = new StreamSlot(memory, stream.index).loadEnd();
    if (end === streamEnd.released) {
      this.forget(stream);
      return;
    }
    this.announce(stream);
    for (let i = 0; i < participantCount(memory, stream); i++) {
      const participant = participantRing(memory, stream, i);
      const known = stream.rings[i];
      const isNew = known?.index !== participant.handle.index;
      if (known !== undefined && isNew) this.ringEnded(stream, this.fullRings.retire(stream, known.index));
      if (isNew) {
        stream.rings[i] = participant.handle;
        this.ringStarted(stream, participant);
      }
      if (participant.state === ringState.ended && !stream.participantsEnded.has(i)) {
        stream.participantsEnded.add(i);
        this.ringEnded(stream, participant);
      }
    }
    if (end === streamEnd.closed && stream.phase === 'ending') this.linger(stream);
  }

  /** Announces a ring of the stream to readers: a participant's, or the main thread's own with what was sent into the call. */
  ringStarted(stream: Stream, participant: ParticipantRing): void {
    for (const counts of stream.readerCounts) counts.pendingRings++;
    this.options.observers.started(stream, participant);
  }

  ringEnded(stream: Stream, participant: ParticipantRing): void {
    this.framesEnded += participant.frames;
    this.options.observers.ended(stream, participant);
  }

  /** Tells of a stream that has said something, and of its format. */
  private announce(stream: Stream): void {
    const { memory, observers } = this.options;
    const sampleRate = sampleRateOf(memory, stream);
    if (sampleRate === null && participantCount(memory, stream) === 0) return;
    if (!stream.isAnnounced) observers.streamStarted(stream);
    stream.isAnnounced = true;
    if (sampleRate === null || sampleRate === stream.announcedRate) return;
    stream.announcedRate = sampleRate;
    observers.format(stream, sampleRate);
  }

  private linger(stream: Stream): void {
    stream.phase = 'lingering';
    this.options.observers.streamEnded(stream);
    this.options.onDecoded(stream);
    if (stream.isDrained) this.release(stream);
    else stream.timer = awakeClock.after(this.options.lingerMs, () => this.release(stream));
  }

  private release(stream: Stream): void {
    stream.timer?.cancel();
    // Now, while the rings are still the stream's.
    this.options.onEnded(reportEnded(this.options.memory, stream));
    this.fullRings.release(stream);
    stream.speaker?.release();
    stream.phase = 'released';
    stream.lane.pushControl(recordKind.release, stream.index);
  }

  private forget(stream: Stream): void {
    this.slots.release(stream);
    this.byId.delete(stream.id);
    if (this.byId.size > 0) return;
    for (const wake of this.emptyWaiters.splice(0)) wake();
  }
}
