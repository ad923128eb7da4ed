/**
 * What the server sends to one call, as ACS would take it: read, queued, heard, written down, marks answered. Main thread.
 * Invariants: nothing that the server sends throws; nothing of it is held, the queue is numbers.
 */
import { frameBytes } from '../base/limits.ts';
import type { CallContext } from './call-context.ts';
import type { CallerRole } from './caller-role.ts';
import type { Connection } from './connection.ts';
import { addHeard, type HeardCounts, soonAfterStopMs, zeroHeard } from './heard-counts.ts';
import type { CallFiles } from './heard-files.ts';
import type { CallIdentity } from './identity.ts';
import { isAudible } from './loudness.ts';
import { MarkAnswers, type MarkStatus, markMessage } from './mark-answers.ts';
import type { OutboundReader } from './outbound.ts';
import { Playout } from './playout.ts';

/** A mark's id is sent back: no longer than that. */
const markIdCharsMax = 256;
const otherRates = [8_000, 16_000, 24_000, 48_000];

export class HeardCall {
  readonly counts: HeardCounts = zeroHeard();
  private readonly context: CallContext;
  private readonly connection: () => Connection;
  private readonly playout: Playout;
  private readonly role: CallerRole;
  private readonly startAt: number;
  private readonly files: CallFiles | null;
  private readonly marks: MarkAnswers | null;
  private stoppedAt = Number.NEGATIVE_INFINITY;
  private isOver = false;

  /** `startAt`: when its first frame is due. `connection`: the one that answers go to. */
  constructor(
    context: CallContext,
    identity: CallIdentity,
    startAt: number,
    role: CallerRole,
    connection: () => Connection,
  ) {
    const { hearing, wheel, clock } = context;
    this.context = context;
    this.connection = connection;
    this.role = role;
    this.startAt = startAt;
    this.playout = new Playout(hearing.sampleRate, startAt, this.counts, hearing.depth);
    this.files = hearing.files?.call(identity.callConnectionId) ?? null;
    const answer = (id: string, status: MarkStatus) => this.answer(id, status);
    this.marks = hearing.answersMarks ? new MarkAnswers(wheel, clock, answer) : null;
  }

  playedMs(now: number): number {
    return this.playout.playedMs(now);
  }
  get emptyAt(): number {
    return this.playout.emptyAt;
  }

  /** The folder of its recordings, or null. */
  get folder(): string | null {
    return this.files?.folder ?? null;
  }

  message(data: Buffer, isBinary: boolean): void {
    const { hearing, clock, tally } = this.context;
    const { reader } = hearing;
    const now = clock();
    tally.receivedMessages++;
    tally.receivedBytes += data.length;
    const read = reader.read(isBinary ? null : data.toString());
    this.counts.messages++;
    if (read === 'audio') this.audio(reader, now);
    else if (read === 'stop') this.stop(now);
    else this.counts[read]++;
  }

  private audio({ pcm, byteCount, markId }: OutboundReader, now: number): void {
    const { counts } = this;
    counts.audioMessages++;
    if (this.isOther(byteCount)) counts.otherRateMessages++;
    if (now - this.stoppedAt <= soonAfterStopMs) counts.soonAfterStopBytes += byteCount;
    if (this.isOver) {
      counts.receivedBytes += byteCount;
      counts.afterHangUpBytes += byteCount;
      return;
    }
    if (byteCount > 0) {
      const at = this.playout.push(byteCount, now);
      if (at >= 0) this.take(pcm, byteCount, at, now);
    }
    if (markId !== null && markId.length <= markIdCharsMax) this.marks?.add(markId, this.playout.emptyAt);
  }

  /** Audio that will be heard from this byte of the call on. */
  private take(pcm: Buffer, byteCount: number, at: number, now: number): void {
    const { interrupter, echo } = this.role;
    this.files?.received.write(this.files.received.byteCount, pcm, byteCount);
    this.files?.heard.write(at, pcm, byteCount);
    echo?.received(pcm, byteCount, at, now);
    if (interrupter !== null && isAudible(pcm, byteCount)) {
      interrupter.answered(this.startAt + this.playout.msOf(at), byteCount);
    }
  }

  /** Whole frames of another rate, and not of the call's own. */
  private isOther(byteCount: number): boolean {
    if (byteCount === 0 || byteCount % frameBytes(this.context.options.sampleRate) === 0) return false;
    return otherRates.some((rate) => byteCount % frameBytes(rate) === 0);
  }

  private stop(now: number): void {
    this.stoppedAt = now;
    if (this.isOver) {
      this.counts.stops++;
      return;
    }
    const end = this.playout.stop(now);
    this.files?.heard.truncate(end);
    this.marks?.cancel();
    this.role.interrupter?.stopped(now);
    this.role.echo?.stopped(now);
  }

  private answer(id: string, status: MarkStatus): void {
    const { tally, patience } = this.context;
    const connection = this.connection();
    if (!connection.isOpen || connection.bufferedBytes > patience.bufferedBytesMax) return;
    tally.markAnswers++;
    tally.bytes += connection.sendText(markMessage(id, status));
    if (status === 'Completed') this.counts.marksCompleted++;
    else this.counts.marksCancelled++;
  }

  /** The call is hung up: nothing is heard from now on. */
  hangUp(): void {
    if (this.isOver) return;
    this.isOver = true;
    const now = this.context.clock();
    const end = this.playout.end(now);
    this.files?.heard.truncate(end);
    this.files?.finish(Math.max(end, this.playout.byteAt(now)));
    this.marks?.drop();
    this.role.interrupter?.end(now);
    this.role.echo?.end(now);
  }

  /** Nothing comes any more. */
  end(): void {
    this.hangUp();
    addHeard(this.context.hearing.counts, this.counts);
  }
}
