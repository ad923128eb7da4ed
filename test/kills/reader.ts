/** Reads one ring to its end and holds every frame against what was sent: each message whole, bit for bit, and in order. */
import { frameBytes } from '../../src/base/limits.ts';
import type { SharedMemory } from '../../src/memory/shared-memory.ts';
import { frameFlag } from '../../src/memory/states.ts';
import { placeOf, RingCursor } from '../../src/ring/cursor.ts';
import { Frame } from '../../src/ring/frame.ts';
import type { ParticipantRing } from '../../src/stream/ring-report.ts';
import type { Peer, Sent } from './peer.ts';

export class Reader {
  readonly peer: Peer;
  readonly id: string;
  fault = '';
  isDone = false;
  pcmBytes = 0;
  private readonly cursor: RingCursor;
  private readonly sampleRate: number;
  private readonly frame = new Frame();
  /** The message of which some frames are still to come, and how far it was found. */
  private current: Sent | null = null;
  private found = 0;

  constructor(memory: SharedMemory, peer: Peer, participant: ParticipantRing) {
    this.peer = peer;
    this.id = participant.id ?? '';
    this.sampleRate = participant.sampleRate;
    this.cursor = new RingCursor(placeOf(memory, participant.handle));
  }

  get framesRead(): number {
    return this.cursor.framesRead;
  }

  get framesLapped(): number {
    return this.cursor.framesLapped;
  }

  read(): void {
    for (;;) {
      const result = this.cursor.read(this.frame);
      if (result === 'empty') return;
      if (result !== 'frame') {
        this.isDone = true;
        if (result === 'gone') this.fault ||= 'a ring was given away before its end';
        if (this.current !== null) this.fault ||= 'a message is not whole';
        return;
      }
      this.check();
    }
  }

  private check(): void {
    const { frame } = this;
    this.pcmBytes += frame.pcmBytes;
    if (this.current === null) this.current = this.find(frame.timestampMs);
    const { current } = this;
    if (current === null) {
      this.fault ||= `a frame of no message, at ${frame.timestampMs}`;
      return;
    }
    const pcm = Buffer.from(frame.words.buffer, frame.words.byteOffset, frame.pcmBytes);
    const expected = current.isEmpty
      ? Buffer.alloc(frameBytes(this.sampleRate))
      : current.pcm.subarray(this.found, this.found + frame.pcmBytes);
    if (!pcm.equals(expected)) this.fault ||= `other PCM at ${frame.timestampMs}`;
    if (current.isEmpty && (frame.flags & frameFlag.silent) === 0) this.fault ||= 'a silent frame without its flag';
    this.found += frame.pcmBytes;
    if (!current.isEmpty && this.found < current.pcm.length) return;
    this.current = null;
    this.found = 0;
    this.peer.messagesFound++;
  }

  /** What was sent before it and not found is not there: lost, or refused. */
  private find(timestampMs: number): Sent | null {
    const queue = this.peer.expected.get(this.id) ?? [];
    const at = queue.findIndex((sent) => sent.timestampMs === timestampMs);
    return at < 0 ? null : queue.splice(0, at + 1).at(-1)!;
  }
}
