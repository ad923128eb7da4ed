/**
 * The decoder of one lane: takes what stands in it, record by record, and leaves frames in rings and every message in a counter.
 * Stateless between leases: all that must survive is in shared memory. Worker thread.
 * Invariant: each message record adds exactly one to committed, control, ignored or dropped of its lane and its stream.
 */
import { sampleRates } from '../base/limits.ts';
import type { Histogram } from '../memory/histogram.ts';
import type { LaneHeader } from '../memory/lane-header.ts';
import type { LaneRecord } from '../memory/lane-record.ts';
import type { DropReason } from '../memory/outcomes.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { recordKind } from '../memory/states.ts';
import { isStuffed } from '../protocol/marks.ts';
import { Message, messageKind } from '../protocol/message.ts';
import type { Parsers } from '../protocol/parsers.ts';
import { Scanner } from '../protocol/scan.ts';
import { RingPool } from '../ring/pool.ts';
import { AudioWriter } from './audio-writer.ts';
import { CostlyBudget, isTooCostly, parseOrdinaryMs } from './costly-budget.ts';
import { Gating } from './gating.ts';
import type { LeaseChanges, StreamDtmfTone, StreamMark } from './lease-changes.ts';
import { StreamState } from './stream-state.ts';
import { UndoNote } from './undo-note.ts';

/** Residence is stamped once for so many records: a clock reading costs as much as a tenth of a frame. */
const recordsPerClockReading = 16;
/** Tones, and marks, reported in one lease: no caller presses that many keys. */
const tonesMax = 1000;
/** Faults reported in one lease; the counter has them all. */
const faultsMax = 4;

export class FrameDecoder {
  private readonly halfBytes: number;
  private readonly parsers: Parsers;
  private readonly clock: () => number;
  private readonly lane: LaneHeader;
  private readonly record: LaneRecord;
  private readonly batch: Histogram;
  private readonly note: UndoNote;
  private readonly budget: CostlyBudget;
  /** Tells plain audio at little cost where the first parser cannot. */
  private readonly scanner = new Scanner();
  private readonly stream: StreamState;
  private readonly gating: Gating;
  private readonly audio: AudioWriter;
  private readonly message = new Message();
  private readonly changes = new Set<number>();
  private faults: string[] = [];
  private tones: StreamDtmfTone[] = [];
  private marks: StreamMark[] = [];

  constructor(memory: SharedMemory, laneIndex: number, parsers: Parsers, clock: () => number) {
    this.halfBytes = memory.geometry.laneHalfBytes;
    this.parsers = parsers;
    this.clock = clock;
    this.lane = memory.lanes[laneIndex]!;
    this.record = this.lane.record();
    this.batch = this.lane.histogram('batch');
    this.note = new UndoNote(memory, laneIndex);
    this.budget = new CostlyBudget(this.lane);
    this.stream = new StreamState(memory, new RingPool(memory));
    this.gating = new Gating(memory, clock);
    this.audio = new AudioWriter(this.stream, this.gating, clock);
  }

  /** Deals with all records that stand before `tail`. Returns how long the first message waited, -1 without one. */
  decode(tail: number): number {
    const { lane, record, note, gating, stream, halfBytes } = this;
    let nowMs = this.clock();
    let records = 0;
    let waitedMs = -1;
    let lastOrdinal = 0;
    let head = lane.head;
    while (head !== tail) {
      record.moveTo(head);
      const { kind } = record;
      if (kind === recordKind.turn) {
        head = head < halfBytes ? halfBytes : 0;
        lane.release(head);
        continue;
      }
      if (++records % recordsPerClockReading === 0 || gating.hasWaited) {
        nowMs = this.clock();
        gating.hasWaited = false;
      }
      const end = head + record.size;
      lane.begin(end);
      if (kind === recordKind.message) {
        if (waitedMs < 0) waitedMs = Math.max(0, nowMs - record.arrivalMs);
        lastOrdinal = record.ordinal;
      }
      stream.select(record.stream);
      this.takeRecord(lane, record, note, nowMs);
      if (stream.hasChanges) this.changes.add(stream.index);
      lane.finish(end);
      note.clear();
      head = end;
    }
    if (waitedMs >= 0) lane.verify(lastOrdinal);
    lane.release(head);
    this.batch.observe(records);
    return waitedMs;
  }

  get hasChanges(): boolean {
    return this.changes.size > 0 || this.faults.length > 0 || this.tones.length > 0 || this.marks.length > 0;
  }

  /** What there is to tell since the last time; null when nothing. */
  takeChanges(): LeaseChanges | null {
    if (!this.hasChanges) return null;
    const { faults, tones, marks } = this;
    const events = { ...(tones.length > 0 && { tones }), ...(marks.length > 0 && { marks }) };
    const result = { streams: [...this.changes], faults, ...events };
    this.changes.clear();
    this.faults = [];
    this.tones = [];
    this.marks = [];
    return result;
  }

  /** One record; whatever goes wrong in it stays with it. */
  private takeRecord(lane: LaneHeader, record: LaneRecord, note: UndoNote, nowMs: number): void {
    const { kind } = record;
    try {
      if (kind === recordKind.message) this.takeMessage(lane, record, note, nowMs);
      else if (kind === recordKind.close) this.takeClose(lane, note);
      else this.stream.release(note);
    } catch (error) {
      const isDone = note.settle(this.stream);
      if (kind === recordKind.message && !isDone) this.drop('worker_lost', lane, note);
      if (this.faults.length < faultsMax) this.faults.push(error instanceof Error ? error.message : String(error));
    }
  }

  private takeMessage(lane: LaneHeader, record: LaneRecord, note: UndoNote, nowMs: number): void {
    // Its end is on the way; what came at once in front of it is not worth a look, of which thousands are milliseconds.
    if (isTooCostly(this.stream, nowMs)) {
      this.drop('costly', lane, note);
      return;
    }
    const { message, parsers } = this;
    const { bytes } = lane;
    const { arrivalMs, payloadAt: start } = record;
    const end = start + record.payloadBytes;
    const isTentative = parsers.first !== parsers.general && parsers.first.parse(bytes, start, end, message);
    if (!isTentative && !this.parseGeneral(bytes, start, end, lane, note, false)) {
      this.drop('costly', lane, note);
      return;
    }
    let refusal = this.takeParsed(message, lane, note, arrivalMs, nowMs);
    if (isTentative && (refusal === 'malformed_audio' || refusal === 'unsupported_format')) {
      // The scanner does not look at the characters of `data`: what was not decoded to its end may be bad JSON.
      const isParsed = this.parseGeneral(bytes, start, end, lane, note, true);
      refusal = isParsed ? this.takeParsed(message, lane, note, arrivalMs, nowMs) : 'costly';
    }
    if (refusal !== null) this.drop(refusal, lane, note);
  }

  /**
   * Runs the general parser. Returns false when that may cost more than the stream may have: then nothing was parsed.
   * @param isPlain the scanner has taken it for plain audio
   */
  private parseGeneral(
    bytes: Buffer,
    start: number,
    end: number,
    lane: LaneHeader,
    note: UndoNote,
    isPlain: boolean,
  ): boolean {
    const { parsers, message, scanner, budget } = this;
    const isFallback = parsers.first !== parsers.general;
    const beganMs = this.clock();
    const isCostly = (!isPlain && isStuffed(bytes, start, end)) || !budget.allows(this.stream, beganMs);
    if (isCostly && (isFallback || !scanner.parse(bytes, start, end, message))) return false;
    if (isFallback) {
      note.noteFallback();
      lane.fallbacks += 1;
    }
    parsers.general.parse(bytes, start, end, message);
    const endedMs = this.clock();
    const ordinaryMs = isFallback ? 0 : parseOrdinaryMs(end - start);
    budget.charge(this.stream, end - start, endedMs - beganMs - ordinaryMs, endedMs);
    if (message.kind !== messageKind.audio) budget.countOther(this.stream, endedMs);
    return true;
  }

  /** Returns why the message is dropped, or null when it is counted. */
  private takeParsed(
    message: Message,
    lane: LaneHeader,
    note: UndoNote,
    arrivalMs: number,
    nowMs: number,
  ): DropReason | null {
    switch (message.kind) {
      case messageKind.audio:
        return this.audio.take(message, lane, note, arrivalMs, nowMs);
      case messageKind.metadata:
        return this.takeMetadata(message, lane, note);
      case messageKind.dtmf:
        this.countControl(lane, note);
        if (message.tone !== '' && this.tones.length < tonesMax) {
          this.tones.push({ streamIndex: this.stream.index, tone: message.tone });
        }
        return null;
      case messageKind.unknown:
        note.noteOthers(this.stream);
        lane.ignored += 1;
        this.stream.ignored += 1;
        if (message.markId !== '' && this.marks.length < tonesMax) {
          const { markId: id, markStatus: status } = message;
          this.marks.push({ streamIndex: this.stream.index, id, status });
        }
        return null;
      default:
        return 'malformed_json';
    }
  }

  private takeClose(lane: LaneHeader, note: UndoNote): void {
    this.audio.settle(lane, note);
    this.stream.close();
  }

  private takeMetadata(message: Message, lane: LaneHeader, note: UndoNote): DropReason | null {
    const isSupported =
      message.encoding.toLowerCase() === 'pcm' &&
      message.channels === 1 &&
      sampleRates.some((rate) => rate === message.sampleRate);
    if (isSupported) this.countControl(lane, note);
    else note.noteOthers(this.stream);
    this.stream.setFormat(isSupported ? message.sampleRate : 0, message.subscriptionId, note);
    return isSupported ? null : 'unsupported_format';
  }

  private countControl(lane: LaneHeader, note: UndoNote): void {
    note.noteOthers(this.stream);
    lane.control += 1;
    this.stream.control += 1;
  }

  private drop(reason: DropReason, lane: LaneHeader, note: UndoNote): void {
    note.noteDrop(reason, this.stream);
    lane.drop(reason);
    this.stream.drop(reason);
  }
}
