/**
 * The decoder: takes what stands in a lane, record by record, and leaves frames in rings and every message in a counter.
 * Stateless between leases: all that must survive is in shared memory. Worker thread.
 * Invariant: each message record adds exactly one to committed, control, ignored or dropped of its lane and its stream.
 */
import { sampleRates } from '../base/limits.ts';
import { type DropReason, lane, record, recordBytes, recordKind, streamSlot } from '../memory/layout.ts';
import type { SharedMemory, Views } from '../memory/shared-memory.ts';
import { isStuffed } from '../protocol/marks.ts';
import { Message, messageKind } from '../protocol/message.ts';
import type { Parsers } from '../protocol/parsers.ts';
import { Scanner } from '../protocol/scan.ts';
import { RingPool } from '../ring/pool.ts';
import { AudioWriter } from './audio-writer.ts';
import { CostlyBudget, parseOrdinaryMs } from './costly-budget.ts';
import { Gating } from './gating.ts';
import { LaneCounters } from './lane-counters.ts';
import type { LeaseChanges, StreamDtmfTone } from './lease-changes.ts';
import { StreamState } from './stream-state.ts';
import { UndoNote } from './undo-note.ts';

/** Residence is stamped once for so many records: a clock reading costs as much as a tenth of a frame. */
const recordsPerClockReading = 16;
/** Tones told in one lease: nobody presses that many keys. */
const tonesMax = 1000;
/** Faults told in one lease; the counter has them all. */
const faultsMax = 4;

export class FrameDecoder {
  private readonly memory: SharedMemory;
  private readonly parsers: Parsers;
  private readonly clock: () => number;
  private readonly counters: readonly LaneCounters[];
  private readonly notes: readonly UndoNote[];
  private readonly budgets: readonly CostlyBudget[];
  /** Tells plain audio at little cost where the first parser cannot. */
  private readonly scanner = new Scanner();
  private readonly stream: StreamState;
  private readonly gating: Gating;
  private readonly audio: AudioWriter;
  private readonly message = new Message();
  private readonly changes = new Set<number>();
  private faults: string[] = [];
  private tones: StreamDtmfTone[] = [];

  constructor(memory: SharedMemory, parsers: Parsers, clock: () => number) {
    this.memory = memory;
    this.parsers = parsers;
    this.clock = clock;
    this.counters = memory.lanes.map((views) => new LaneCounters(views));
    this.notes = memory.lanes.map((_, laneIndex) => new UndoNote(memory, laneIndex));
    this.budgets = memory.lanes.map((_, laneIndex) => new CostlyBudget(memory, laneIndex));
    this.stream = new StreamState(memory, new RingPool(memory));
    this.gating = new Gating(memory, clock);
    this.audio = new AudioWriter(this.stream, this.gating, clock);
  }

  /** Of the lane that this worker has. */
  countersOf(laneIndex: number): LaneCounters {
    return this.counters[laneIndex]!;
  }

  /** Deals with all records of a lane that stand before `tail`. Returns how long the first message waited, -1 without one. */
  decode(laneIndex: number, tail: number): number {
    const views = this.memory.lanes[laneIndex]!;
    const { i32 } = views;
    const counters = this.counters[laneIndex]!;
    const note = this.notes[laneIndex]!;
    const { gating } = this;
    const { laneHalfBytes } = this.memory.geometry;
    let nowMs = this.clock();
    let records = 0;
    let waitedMs = -1;
    let lastMessage = -1;
    let head = i32[lane.head / 4]!;
    while (head !== tail) {
      const at = lane.halves + head;
      if (i32[(at + record.kind) >> 2] === recordKind.turn) {
        head = head < laneHalfBytes ? laneHalfBytes : 0;
        counters.release(head);
        continue;
      }
      if (++records % recordsPerClockReading === 0 || gating.hasWaited) {
        nowMs = this.clock();
        gating.hasWaited = false;
      }
      const end = head + recordBytes(i32[(at + record.payloadBytes) >> 2]!);
      counters.begin(end);
      if (i32[(at + record.kind) >> 2] === recordKind.message) {
        if (lastMessage < 0) waitedMs = Math.max(0, nowMs - views.f64[(at + record.arrivalMs) >> 3]!);
        lastMessage = at;
      }
      const streamIndex = i32[(at + record.stream) >> 2]!;
      this.stream.select(streamIndex);
      this.takeRecord(views, at, counters, note, nowMs);
      if (this.stream.hasChanges) this.changes.add(streamIndex);
      counters.finish(end);
      note.clear();
      head = end;
    }
    if (lastMessage >= 0) counters.verify(i32[(lastMessage + record.ordinal) >> 2]!);
    counters.release(head);
    counters.batch.observe(records);
    return waitedMs;
  }

  get hasChanges(): boolean {
    return this.changes.size > 0 || this.faults.length > 0 || this.tones.length > 0;
  }

  /** What there is to tell since the last time; null when nothing. */
  takeChanges(): LeaseChanges | null {
    if (!this.hasChanges) return null;
    const { faults, tones } = this;
    const result = { streams: [...this.changes], faults, ...(tones.length > 0 && { tones }) };
    this.changes.clear();
    this.faults = [];
    this.tones = [];
    return result;
  }

  /** One record; whatever goes wrong in it stays with it. */
  private takeRecord(views: Views, at: number, counters: LaneCounters, note: UndoNote, nowMs: number): void {
    const kind = views.i32[(at + record.kind) / 4];
    try {
      if (kind === recordKind.message) this.takeMessage(views, at, counters, note, nowMs);
      else if (kind === recordKind.close) this.takeClose(counters, note);
      else this.stream.release(note);
    } catch (error) {
      const isDone = note.settle(this.stream.at);
      if (kind === recordKind.message && !isDone) this.drop('worker_lost', counters, note);
      if (this.faults.length < faultsMax) this.faults.push(error instanceof Error ? error.message : String(error));
    }
  }

  private takeMessage(views: Views, at: number, counters: LaneCounters, note: UndoNote, nowMs: number): void {
    const { message, parsers } = this;
    const start = at + record.payload;
    const end = start + views.i32[(at + record.payloadBytes) / 4]!;
    const arrivalMs = views.f64[(at + record.arrivalMs) / 8]!;
    const isTentative = parsers.first !== parsers.general && parsers.first.parse(views.bytes, start, end, message);
    if (!isTentative && !this.parseGeneral(views.bytes, start, end, counters, note, false)) {
      this.drop('costly', counters, note);
      return;
    }
    let refusal = this.takeParsed(message, counters, note, arrivalMs, nowMs);
    if (isTentative && (refusal === 'malformed_audio' || refusal === 'unsupported_format')) {
      // The scanner does not look at the characters of `data`: what was not decoded to its end may be bad JSON.
      const isParsed = this.parseGeneral(views.bytes, start, end, counters, note, true);
      refusal = isParsed ? this.takeParsed(message, counters, note, arrivalMs, nowMs) : 'costly';
    }
    if (refusal !== null) this.drop(refusal, counters, note);
  }

  /**
   * Runs the general parser. Returns false when that may cost more than the stream may have: then nothing was parsed.
   * @param isPlain the scanner has taken it for plain audio
   */
  private parseGeneral(
    bytes: Buffer,
    start: number,
    end: number,
    counters: LaneCounters,
    note: UndoNote,
    isPlain: boolean,
  ): boolean {
    const { parsers, message, scanner } = this;
    const budget = this.budgets[note.laneIndex]!;
    const isFallback = parsers.first !== parsers.general;
    const beganMs = this.clock();
    const isCostly = (!isPlain && isStuffed(bytes, start, end)) || !budget.allows(this.stream.at, beganMs);
    if (isCostly && (isFallback || !scanner.parse(bytes, start, end, message))) return false;
    if (isFallback) {
      note.noteOthers(this.stream.at);
      counters.add(lane.fallbacks, 1);
    }
    parsers.general.parse(bytes, start, end, message);
    const endedMs = this.clock();
    const ordinaryMs = isFallback ? 0 : parseOrdinaryMs(end - start);
    budget.charge(this.stream.at, end - start, endedMs - beganMs - ordinaryMs, endedMs);
    return true;
  }

  /** Returns why the message is dropped, or null when it is counted. */
  private takeParsed(
    message: Message,
    counters: LaneCounters,
    note: UndoNote,
    arrivalMs: number,
    nowMs: number,
  ): DropReason | null {
    switch (message.kind) {
      case messageKind.audio:
        return this.audio.take(message, counters, note, arrivalMs, nowMs);
      case messageKind.metadata:
        return this.takeMetadata(message, counters, note);
      case messageKind.dtmf:
        this.countControl(counters, note);
        if (message.tone !== '' && this.tones.length < tonesMax) {
          this.tones.push({ streamIndex: this.stream.index, tone: message.tone });
        }
        return null;
      case messageKind.unknown:
        note.noteOthers(this.stream.at);
        counters.add(lane.ignored, 1);
        this.stream.add(streamSlot.ignored, 1);
        return null;
      default:
        return 'malformed_json';
    }
  }

  private takeClose(counters: LaneCounters, note: UndoNote): void {
    this.audio.settle(counters, note);
    this.stream.close();
  }

  private takeMetadata(message: Message, counters: LaneCounters, note: UndoNote): DropReason | null {
    const isSupported =
      message.encoding.toLowerCase() === 'pcm' &&
      message.channels === 1 &&
      sampleRates.some((rate) => rate === message.sampleRate);
    if (isSupported) this.countControl(counters, note);
    else note.noteOthers(this.stream.at);
    this.stream.setFormat(isSupported ? message.sampleRate : 0, message.subscriptionId, note);
    return isSupported ? null : 'unsupported_format';
  }

  private countControl(counters: LaneCounters, note: UndoNote): void {
    note.noteOthers(this.stream.at);
    counters.add(lane.control, 1);
    this.stream.add(streamSlot.control, 1);
  }

  private drop(reason: DropReason, counters: LaneCounters, note: UndoNote): void {
    note.noteOthers(this.stream.at);
    counters.drop(reason);
    this.stream.drop(reason);
  }
}
