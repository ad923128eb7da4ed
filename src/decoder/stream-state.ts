/**
 * A stream's slot in shared memory, as the worker that holds its lane's batch sees it: format, participants, counters.
 * Stateless itself: an address into shared memory, set again for every record. Worker thread.
 */
import { participantIdBytesMax, talkingMs } from '../base/limits.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { streamEnd } from '../memory/states.ts';
import { StreamSlot } from '../memory/stream-slot.ts';
import type { RingPool } from '../ring/pool.ts';
import { RingWriter } from '../ring/writer.ts';
import { carryOn } from './timeline.ts';
import type { UndoNote } from './undo-note.ts';

/** Why there is no ring for a participant. */
export type Refusal = 'participant_limit' | 'ring_memory';

const unsupportedRate = -1;
/** The documented default, for audio that comes before its metadata. */
const defaultRate = 16_000;

export class StreamState extends StreamSlot {
  private readonly pool: RingPool;
  private readonly writers: (RingWriter | undefined)[] = [];
  /** Whose bytes ids were looked up in last: a lane's, or a parser's own. */
  private idBytes: Uint8Array | null = null;
  private idData = new DataView(new ArrayBuffer(0)) as DataView;
  /** Set when something happened that the main thread acts on: a new participant, new metadata, the end. */
  hasChanges = false;

  constructor(memory: SharedMemory, pool: RingPool) {
    super(memory);
    this.pool = pool;
  }

  select(streamIndex: number): void {
    this.moveTo(streamIndex);
    this.hasChanges = false;
  }

  get isUnsupported(): boolean {
    return this.rate === unsupportedRate;
  }

  get sampleRate(): number {
    return this.rate || defaultRate;
  }

  get hasMetadata(): boolean {
    return this.metadataCount > 0;
  }

  /** Whether the stream's socket broke off just after this arrival. */
  brokeOffAfter(arrivalMs: number): boolean {
    const { brokeOffMs } = this;
    return brokeOffMs > 0 && arrivalMs <= brokeOffMs && brokeOffMs - arrivalMs <= talkingMs;
  }

  /**
   * Takes metadata in. `sampleRate` is 0 when the format is not supported: then audio is refused until better metadata
   * comes. Another rate than before ends the rings of the old one: the last step, because readers see it.
   */
  setFormat(sampleRate: number, subscriptionId: string, note: UndoNote): void {
    const before = this.sampleRate;
    this.rate = sampleRate === 0 ? unsupportedRate : sampleRate;
    this.metadataCount += 1;
    this.subscriptionId = subscriptionId;
    this.hasChanges = true;
    if (sampleRate === 0 || sampleRate === before) return;
    note.noteEndOfRings();
    this.endRings();
  }

  /** The ring of a participant, or null when there is none yet. */
  find(id: Uint8Array, idStart: number, idEnd: number): RingWriter | null {
    const count = this.participantCount;
    for (let i = 0; i < count; i++) {
      const writer = this.writerAt(i);
      if (this.isOpenFor(writer, id, idStart, idEnd)) return writer;
    }
    return null;
  }

  /** Gives a new participant a ring. */
  admit(id: Uint8Array, idStart: number, idEnd: number, note: UndoNote): RingWriter | Refusal {
    const count = this.participantCount;
    if (count >= this.memory.geometry.participantsMax || idEnd - idStart > participantIdBytesMax) {
      return 'participant_limit';
    }
    note.noteOthers(this);
    note.noteRingInHand();
    const index = this.pool.take(note.laneIndex);
    if (index < 0) return 'ring_memory';
    const writer = this.writerOf(index);
    writer.open(this.sampleRate, id, idStart, idEnd);
    this.setRing(count, index);
    if (idEnd > idStart) this.isUnmixed = true;
    // Last: the main thread may look at any moment.
    this.storeParticipantCount(count + 1);
    this.hasChanges = true;
    return writer;
  }

  /**
   * Gives a participant whose ring is full another one, in the old one's place: it counts as one participant, and its old ring is
   * the main thread's from here on. The old one is still found until there is another.
   */
  renew(full: RingWriter, note: UndoNote): RingWriter | Refusal {
    note.noteRingInHand();
    const index = this.pool.take(note.laneIndex);
    if (index < 0) return 'ring_memory';
    const writer = this.writerOf(index);
    writer.open(full.sampleRate, full.bytes, full.idStart, full.idEnd);
    carryOn(full, writer);
    this.replaceRing(full.index, index);
    full.end();
    // The stream's from here on, whatever becomes of the message.
    note.keepRingInHand();
    this.hasChanges = true;
    return writer;
  }

  /** No frame will follow in any ring of the stream. */
  endRings(): void {
    const count = this.participantCount;
    for (let i = 0; i < count; i++) this.writerAt(i).end();
    this.hasChanges = true;
  }

  /** The stream's socket is closed and everything before that is dealt with. */
  close(): void {
    this.endRings();
    this.storeEnd(streamEnd.closed);
  }

  /** Every reader is done: gives the stream's rings back to the pool. */
  release(note: UndoNote): void {
    note.noteRingInHand();
    for (let i = this.participantCount - 1; i >= 0; i--) {
      const index = this.ring(i);
      note.ringInHand = index;
      // The count first: a ring is never given back twice, even if this worker dies between two of them.
      this.participantCount = i;
      this.pool.release(index);
    }
    this.storeEnd(streamEnd.released);
    this.hasChanges = true;
  }

  writerAt(participant: number): RingWriter {
    return this.writerOf(this.ring(participant));
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
    const length = idEnd - idStart;
    if (!writer.isLiveWith(length)) return false;
    if (id !== this.idBytes) {
      this.idBytes = id;
      this.idData = new DataView(id.buffer, id.byteOffset, id.length);
    }
    const { idData } = this;
    const own = writer.idStart;
    // From the end: ids of one call differ there, and share their beginning.
    let i = length;
    for (; i >= 4; i -= 4) {
      if (writer.data.getInt32(own + i - 4) !== idData.getInt32(idStart + i - 4)) return false;
    }
    while (--i >= 0) if (writer.data.getUint8(own + i) !== idData.getUint8(idStart + i)) return false;
    return true;
  }
}
