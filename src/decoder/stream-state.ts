/**
 * A stream's slot in shared memory, as the worker that holds its lane's batch sees it: format, participants, counters.
 * Stateless itself: an address into shared memory, set anew for every record. Worker thread.
 */
import { participantIdBytesMax, subscriptionIdBytesMax, talkingMs } from '../base/limits.ts';
import { type DropReason, reasonIndex, ring, ringState, streamEnd, streamSlot } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { RingPool } from '../ring/pool.ts';
import { RingWriter } from '../ring/writer.ts';
import { carryOn } from './timeline.ts';
import type { UndoNote } from './undo-note.ts';

/** Why there is no ring for a participant. */
export type Refusal = 'participant_limit' | 'ring_memory';

const unsupportedRate = -1;
/** The documented default, for audio that comes before its metadata. */
const defaultRate = 16_000;

export class StreamState {
  private readonly memory: SharedMemory;
  private readonly pool: RingPool;
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;
  private readonly writers: (RingWriter | undefined)[] = [];
  /** Whose bytes ids were looked up in last: a lane's, or a parser's own. */
  private idBytes: Uint8Array | null = null;
  private idData = new DataView(new ArrayBuffer(0)) as DataView;
  private word = 0;
  private double = 0;
  /** Set when something happened that the main thread acts on: a new participant, new metadata, the end. */
  hasChanges = false;
  /** Of the stream that is selected, and where its slot begins, in bytes. */
  index = 0;
  at = 0;

  constructor(memory: SharedMemory, pool: RingPool) {
    this.memory = memory;
    this.pool = pool;
    this.i32 = memory.streams.i32;
    this.f64 = memory.streams.f64;
  }

  select(streamIndex: number): void {
    this.index = streamIndex;
    this.at = this.memory.streamOffset(streamIndex);
    this.word = this.at / 4;
    this.double = this.at / 8;
    this.hasChanges = false;
  }

  /** Adds to a counter of `streamSlot`. */
  add(field: number, count: number): void {
    this.f64[this.double + field / 8]! += count;
  }

  drop(reason: DropReason): void {
    this.f64[this.double + streamSlot.dropped / 8 + reasonIndex[reason]]! += 1;
  }

  get isUnsupported(): boolean {
    return this.i32[this.word + streamSlot.sampleRate / 4] === unsupportedRate;
  }

  get sampleRate(): number {
    return this.i32[this.word + streamSlot.sampleRate / 4] || defaultRate;
  }

  get hasMetadata(): boolean {
    return this.i32[this.word + streamSlot.metadataCount / 4]! > 0;
  }

  /** Whether the stream's socket broke off just after this arrival. */
  brokeOffAfter(arrivalMs: number): boolean {
    const brokeOffMs = this.f64[this.double + streamSlot.brokeOffMs / 8]!;
    return brokeOffMs > 0 && arrivalMs <= brokeOffMs && brokeOffMs - arrivalMs <= talkingMs;
  }

  set lastAudioMs(arrivalMs: number) {
    this.f64[this.double + streamSlot.lastAudioMs / 8] = arrivalMs;
  }

  /**
   * Takes metadata in. `sampleRate` is 0 when the format is not supported: then audio is refused until better metadata
   * comes. Another rate than before ends the rings of the old one: the last step, because readers see it.
   */
  setFormat(sampleRate: number, subscriptionId: string, note: UndoNote): void {
    const before = this.sampleRate;
    this.i32[this.word + streamSlot.sampleRate / 4] = sampleRate === 0 ? unsupportedRate : sampleRate;
    this.i32[this.word + streamSlot.metadataCount / 4]! += 1;
    const id = this.at + streamSlot.subscriptionId;
    const fits = Buffer.byteLength(subscriptionId) <= subscriptionIdBytesMax;
    const written = fits ? this.memory.streams.bytes.write(subscriptionId, id) : 0;
    this.i32[this.word + streamSlot.subscriptionIdBytes / 4] = written;
    this.hasChanges = true;
    if (sampleRate === 0 || sampleRate === before) return;
    note.noteEndOfRings();
    this.endRings();
  }

  /** The ring of a participant, or null when there is none yet. */
  find(id: Uint8Array, idStart: number, idEnd: number): RingWriter | null {
    const count = this.i32[this.word + streamSlot.participantCount / 4]!;
    for (let i = 0; i < count; i++) {
      const writer = this.writerAt(i);
      if (this.isOpenFor(writer, id, idStart, idEnd)) return writer;
    }
    return null;
  }

  /** Gives a new participant a ring. */
  admit(id: Uint8Array, idStart: number, idEnd: number, note: UndoNote): RingWriter | Refusal {
    const count = this.i32[this.word + streamSlot.participantCount / 4]!;
    if (count >= this.memory.geometry.participantsMax || idEnd - idStart > participantIdBytesMax) {
      return 'participant_limit';
    }
    note.noteOthers(this.at);
    note.noteRingInHand();
    const index = this.pool.take(note.laneIndex);
    if (index < 0) return 'ring_memory';
    const writer = this.writerOf(index);
    writer.open(this.sampleRate, id, idStart, idEnd);
    this.i32[this.word + streamSlot.rings / 4 + count] = index;
    if (idEnd > idStart) this.i32[this.word + streamSlot.unmixed / 4] = 1;
    // Last: the main thread may look at any moment.
    Atomics.store(this.i32, this.word + streamSlot.participantCount / 4, count + 1);
    this.hasChanges = true;
    return writer;
  }

  /**
   * Gives a participant whose ring is full another one, in the old one's place: it counts as one participant, and its old ring is
   * the main thread's from here on. The old one goes on being found until there is another.
   */
  renew(full: RingWriter, note: UndoNote): RingWriter | Refusal {
    note.noteRingInHand();
    const index = this.pool.take(note.laneIndex);
    if (index < 0) return 'ring_memory';
    const { bytes, i32, at } = full;
    const writer = this.writerOf(index);
    const idStart = at + ring.id;
    writer.open(i32[(at + ring.sampleRate) / 4]!, bytes, idStart, idStart + i32[(at + ring.idBytes) / 4]!);
    carryOn(full, writer);
    const rings = this.word + streamSlot.rings / 4;
    Atomics.store(this.i32, this.i32.indexOf(full.index, rings), index);
    full.end();
    // The stream's from here on, whatever becomes of the message.
    note.ringIsPlaced();
    this.hasChanges = true;
    return writer;
  }

  get ringCount(): number {
    return this.i32[this.word + streamSlot.participantCount / 4]!;
  }

  /** No frame will follow in any ring of the stream. */
  endRings(): void {
    const count = this.i32[this.word + streamSlot.participantCount / 4]!;
    for (let i = 0; i < count; i++) this.writerAt(i).end();
    this.hasChanges = true;
  }

  /** The stream's socket is closed and everything before that is dealt with. */
  close(): void {
    this.endRings();
    Atomics.store(this.i32, this.word + streamSlot.end / 4, streamEnd.closed);
  }

  /** Every reader is done: gives the stream's rings back to the pool. */
  release(note: UndoNote): void {
    note.noteRingInHand();
    for (let i = this.i32[this.word + streamSlot.participantCount / 4]! - 1; i >= 0; i--) {
      const index = this.i32[this.word + streamSlot.rings / 4 + i]!;
      note.ringInHand = index;
      // The count first: a ring is never given back twice, even if this worker dies between two of them.
      this.i32[this.word + streamSlot.participantCount / 4] = i;
      this.pool.release(index);
    }
    Atomics.store(this.i32, this.word + streamSlot.end / 4, streamEnd.released);
    this.hasChanges = true;
  }

  writerAt(participant: number): RingWriter {
    return this.writerOf(this.i32[this.word + streamSlot.rings / 4 + participant]!);
  }

  private writerOf(ringIndex: number): RingWriter {
    const known = this.writers[ringIndex];
    if (known !== undefined) return known;
    const writer = new RingWriter(this.memory, ringIndex);
    this.writers[ringIndex] = writer;
    return writer;
  }

  /** Whether a ring is the participant's and still open. A change of the rate leaves an ended ring with the same id behind. */
  private isOpenFor(writer: RingWriter, id: Uint8Array, idStart: number, idEnd: number): boolean {
    const { i32, at } = writer;
    const length = idEnd - idStart;
    if (i32[(at + ring.idBytes) / 4] !== length || i32[(at + ring.state) / 4] !== ringState.live) return false;
    if (id !== this.idBytes) {
      this.idBytes = id;
      this.idData = new DataView(id.buffer, id.byteOffset, id.length);
    }
    const { idData } = this;
    const own = at + ring.id;
    // From the end: ids of one call differ there, and share their beginning.
    let i = length;
    for (; i >= 4; i -= 4) {
      if (writer.data.getInt32(own + i - 4) !== idData.getInt32(idStart + i - 4)) return false;
    }
    while (--i >= 0) if (writer.data.getUint8(own + i) !== idData.getUint8(idStart + i)) return false;
    return true;
  }
}
