/**
 * One decoder over a small shared memory, driven record by record in the test's own thread: what a decode worker does,
 * without a worker. Every message fed is checked against the accounting identity: exactly one counter moves, by one, in
 * the lane and in the stream.
 */

import { laneTurnBytes } from '../../src/base/limits.ts';
import { type DecoderName, decoderNames } from '../../src/config/decoder-names.ts';
import { FrameDecoder } from '../../src/decoder/frame-decoder.ts';
import type { LeaseChanges } from '../../src/decoder/lease-changes.ts';
import { lane, record, ring, streamSlot } from '../../src/memory/layout.ts';
import { type DropReason, dropReasons } from '../../src/memory/outcomes.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { recordBytes, ringSlotCount } from '../../src/memory/sizes.ts';
import { recordKind } from '../../src/memory/states.ts';
import type { Views } from '../../src/memory/views.ts';
import { createParsers, type Parsers } from '../../src/protocol/parsers.ts';
import { placeOf, type ReadResult, RingCursor } from '../../src/ring/cursor.ts';
import { Frame } from '../../src/ring/frame.ts';
import { RingPool } from '../../src/ring/pool.ts';
import { has } from '../support/machine.ts';

export type OutcomeText = 'committed' | 'control' | 'ignored' | `dropped: ${DropReason}`;

/** The counters of a lane or a stream, in the words of the contract. */
const outcomeFields = [
  ['committed', lane.committed, streamSlot.committed],
  ['control', lane.control, streamSlot.control],
  ['ignored', lane.ignored, streamSlot.ignored],
  ...dropReasons.map((reason, i) => [`dropped: ${reason}`, lane.dropped + 8 * i, streamSlot.dropped + 8 * i] as const),
] as const satisfies readonly (readonly [OutcomeText, number, number])[];

/** All of them where the optional addon could be compiled. */
export const usableDecoders: readonly DecoderName[] = decoderNames.filter(
  (name) => name !== 'simdjson' || has('simdjson addon'),
);

export interface RigOptions {
  readonly decoder?: DecoderName;
  readonly parsers?: Parsers;
  readonly ringCount?: number;
  readonly ringSeconds?: number;
  readonly participantsMax?: number;
  readonly streamCount?: number;
  readonly laneHalfBytes?: number;
}

/** A frame as a test likes to look at it: a copy, and nothing shared. */
export interface SeenFrame {
  readonly sequence: number;
  readonly pcm: Buffer;
  readonly flags: number;
  readonly missingBefore: number;
  readonly timestampMs: number;
  readonly arrivalMs: number;
  readonly positionSamples: number;
}

/** Everything that a reader gives until it says something else than `frame`. */
export function readAll(reader: RingCursor): { frames: SeenFrame[]; last: ReadResult } {
  const frames: SeenFrame[] = [];
  const frame = new Frame();
  for (;;) {
    const last = reader.read(frame);
    if (last !== 'frame') return { frames, last };
    const { sequence, flags, missingBefore, timestampMs, arrivalMs, positionSamples } = frame;
    const pcm = Buffer.from(frame.pcm.subarray(0, frame.pcmBytes));
    frames.push({ sequence, pcm, flags, missingBefore, timestampMs, arrivalMs, positionSamples });
  }
}

export class DecoderRig {
  readonly memory: SharedMemory;
  readonly pool: RingPool;
  readonly views: Views;
  /** What the decoder takes for the present, ms. */
  nowMs = 0;
  private readonly decoder: FrameDecoder;
  /** Which half is being filled, how far, and whether anything waits in either. */
  private half = 0;
  private usedBytes = 0;
  private waits = false;

  constructor(options: RigOptions = {}) {
    this.memory = SharedMemory.create({
      ringCount: options.ringCount ?? 32,
      ringSlotCount: ringSlotCount(options.ringSeconds ?? 2),
      streamCount: options.streamCount ?? 4,
      participantsMax: options.participantsMax ?? 16,
      laneCount: 1,
      laneHalfBytes: options.laneHalfBytes ?? 1024 * 1024,
    });
    this.pool = new RingPool(this.memory);
    this.views = this.memory.lanes[0]!;
    const parsers = options.parsers ?? createParsers(options.decoder ?? 'scan');
    this.decoder = new FrameDecoder(this.memory, 0, parsers, () => this.nowMs);
  }

  /** Appends a record, as a lane does; continues in the other half when the lane would. */
  push(
    kind: (typeof recordKind)[keyof typeof recordKind],
    payload: Uint8Array = new Uint8Array(0),
    stream = 0,
    arrivalMs = 0,
  ): void {
    const size = recordBytes(payload.length);
    const { laneHalfBytes } = this.memory.geometry;
    if (!this.waits && this.usedBytes > laneTurnBytes) this.turn();
    if (this.usedBytes + size > laneHalfBytes - recordBytes(0)) {
      const head = this.views.i32[lane.head / 4]!;
      if (head >= laneHalfBytes !== (this.half === 1)) throw new Error('both halves are full');
      this.turn();
    }
    const at = lane.halves + this.tail;
    this.views.i32[(at + record.kind) / 4] = kind;
    this.views.i32[(at + record.payloadBytes) / 4] = payload.length;
    this.views.i32[(at + record.stream) / 4] = stream;
    this.views.f64[(at + record.arrivalMs) / 8] = arrivalMs;
    this.views.bytes.set(payload, at + record.payload);
    this.usedBytes += size;
    this.waits = true;
  }

  /** Where the next record will stand. */
  get tail(): number {
    return this.half * this.memory.geometry.laneHalfBytes + this.usedBytes;
  }

  private turn(): void {
    this.views.i32[(lane.halves + this.tail + record.kind) / 4] = recordKind.turn;
    this.half = 1 - this.half;
    this.usedBytes = 0;
  }

  /** Decodes what was pushed since the last time, and says what a lease would tell of it. */
  run(): LeaseChanges | null {
    if (this.waits) this.decoder.decode(this.tail);
    this.waits = false;
    return this.decoder.takeChanges();
  }

  /** Decodes one message and says what it counted as. Throws if it counted as nothing, or as more than one thing. */
  feed(message: string | Uint8Array, at: { stream?: number; arrivalMs?: number } = {}): OutcomeText {
    const stream = at.stream ?? 0;
    const before = this.outcomeCounts(stream);
    this.push(recordKind.message, typeof message === 'string' ? Buffer.from(message) : message, stream, at.arrivalMs);
    const result = this.run();
    if (result !== null && result.faults.length > 0) throw new Error(`the decoder failed: ${result.faults[0]}`);
    const after = this.outcomeCounts(stream);
    let found = -1;
    for (let i = 0; i < outcomeFields.length; i++) {
      const ofLane = after[2 * i]! - before[2 * i]!;
      const ofStream = after[2 * i + 1]! - before[2 * i + 1]!;
      if (ofLane === 0 && ofStream === 0) continue;
      if (found >= 0 || ofLane !== 1 || ofStream !== 1) {
        throw new Error(`one message moved ${outcomeFields[i]![0]} by ${ofLane} (lane) and ${ofStream} (stream)`);
      }
      found = i;
    }
    if (found < 0) throw new Error('a message was counted as nothing');
    return outcomeFields[found]![0];
  }

  private outcomeCounts(stream: number): number[] {
    const counts: number[] = [];
    for (const [, ofLane, ofStream] of outcomeFields)
      counts.push(this.laneCount(ofLane), this.streamCount(ofStream, stream));
    return counts;
  }

  /** A field of `lane`. */
  laneCount(field: number): number {
    return this.views.f64[field / 8]!;
  }

  /** A 64-bit field of `streamSlot`. */
  streamCount(field: number, stream = 0): number {
    return this.memory.streams.f64[(this.memory.streamOffset(stream) + field) / 8]!;
  }

  /** A 32-bit field of `streamSlot`. */
  streamWord(field: number, stream = 0): number {
    return this.memory.streams.i32[(this.memory.streamOffset(stream) + field) / 4]!;
  }

  /** Indices of the stream's rings, in order of appearance, ended ones included. */
  rings(stream = 0): number[] {
    const count = this.streamWord(streamSlot.participantCount, stream);
    return Array.from({ length: count }, (_, i) => this.streamWord(streamSlot.rings + 4 * i, stream));
  }

  /** A 32-bit field of `ring`. */
  ringWord(index: number, field: number): number {
    return this.memory.slabOf(index).i32[(this.memory.ringOffset(index) + field) / 4]!;
  }

  setRingWord(index: number, field: number, value: number): void {
    this.memory.slabOf(index).i32[(this.memory.ringOffset(index) + field) / 4] = value;
  }

  /** A 64-bit field of `ring`. */
  ringCount(index: number, field: number): number {
    return this.memory.slabOf(index).f64[(this.memory.ringOffset(index) + field) / 8]!;
  }

  /** The participant of a ring: '' when mixed. */
  ringId(index: number): string {
    const at = this.memory.ringOffset(index) + ring.id;
    return this.memory.slabOf(index).bytes.toString('utf8', at, at + this.ringWord(index, ring.idBytes));
  }

  subscriptionId(stream = 0): string {
    const at = this.memory.streamOffset(stream) + streamSlot.subscriptionId;
    return this.memory.streams.bytes.toString('utf8', at, at + this.streamWord(streamSlot.subscriptionIdBytes, stream));
  }

  ids(stream = 0): string[] {
    return this.rings(stream).map((index) => this.ringId(index));
  }

  reader(index: number): RingCursor {
    return new RingCursor(placeOf(this.memory, { index, generation: this.ringWord(index, ring.generation) }));
  }

  /** All frames that are in the ring of the stream's nth participant. */
  frames(participant = 0, stream = 0): SeenFrame[] {
    return readAll(this.reader(this.rings(stream)[participant]!)).frames;
  }

  close(stream = 0): LeaseChanges | null {
    this.push(recordKind.close, undefined, stream);
    return this.run();
  }

  release(stream = 0): LeaseChanges | null {
    this.push(recordKind.release, undefined, stream);
    return this.run();
  }

  /** The stream's slot as it is for a new stream, and its rings back in the pool. The lane's counters start at 0 too. */
  reset(stream = 0): void {
    this.release(stream);
    const place = [lane.tail, lane.head, lane.begun, lane.done, lane.ringsHeld].map((field) => [
      field / 4,
      this.views.i32[field / 4]!,
    ]);
    const at = this.memory.streamOffset(stream) / 8;
    this.memory.streams.f64.fill(0, at, at + this.memory.streamBytes / 8);
    this.views.f64.fill(0, 0, lane.note / 8);
    for (const [word, value] of place) this.views.i32[word!] = value!;
  }
}
