/** One participant's timeline: packets go in by their timestamps, placements come out. */

import { frameBytes } from '../../src/base/limits.ts';
import { Pcm, Placement } from '../../src/decoder/placement.ts';
import { place } from '../../src/decoder/timeline.ts';
import { ring } from '../../src/memory/layout.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { ringSlotCount } from '../../src/memory/sizes.ts';
import { RingWriter } from '../../src/ring/writer.ts';
import { startMs } from './messages.ts';

export function emptyRing(sampleRate = 16_000): RingWriter {
  const memory = SharedMemory.create({
    ringCount: 1,
    ringSlotCount: ringSlotCount(1),
    streamCount: 1,
    participantsMax: 1,
    laneCount: 1,
    laneHalfBytes: 1024,
  });
  const writer = new RingWriter(memory, 0);
  writer.open(sampleRate, new Uint8Array(0), 0, 0);
  return writer;
}

export class Track {
  /** All that was counted so far, as the decoder counts it: a flag or a gap each once, missing frames by their number. */
  missing = 0;
  gaps = 0;
  late = 0;
  private readonly writer: RingWriter;
  private readonly pcm = new Pcm();
  private readonly mode: 'mixed' | 'unmixed';
  private readonly sampleRate: number;

  constructor(mode: 'mixed' | 'unmixed', sampleRate = 16_000) {
    this.writer = emptyRing(sampleRate);
    this.mode = mode;
    this.sampleRate = sampleRate;
  }

  /** A packet with a timestamp of `offsetMs` after the call's beginning. Its place is given in ms, too. */
  take(offsetMs: number, durationMs = 20): { flags: number; missing: number; atMs: number; consecutive: boolean } {
    const placement = new Placement();
    const bytes = (durationMs * this.sampleRate * 2) / 1000;
    const { pcm, writer } = this;
    // Each stamp has an audio of its own, so that what comes again is the same.
    pcm.bytes = Buffer.alloc(bytes, String(offsetMs));
    pcm.length = bytes;
    pcm.durationMs = durationMs;
    const timestampMs = startMs + offsetMs;
    place(writer, { noteStamps: () => {} }, timestampMs, Number.NaN, pcm, this.mode === 'unmixed', placement);
    const frame = frameBytes(this.sampleRate);
    for (let at = 0; at < bytes; at += frame) {
      const length = Math.min(frame, bytes - at);
      pcm.bytes.copy(writer.bytes, writer.nextPcm(), at, at + length);
      writer.commit(length, 0, 0, timestampMs + at, Number.NaN, placement.positionSamples + at / 2);
    }
    // As the jitter does after every packet.
    this.writer.f64[(this.writer.at + ring.referenceTimestampMs) / 8] = startMs + offsetMs;
    const { flags, missingFrames, positionSamples, consecutive } = placement;
    this.missing += missingFrames;
    this.gaps += placement.gaps;
    if ((flags & 8) !== 0) this.late++;
    return { flags, missing: missingFrames, atMs: (positionSamples * 1000) / this.sampleRate, consecutive };
  }
}
