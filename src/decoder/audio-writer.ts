/**
 * Takes one audio message to its participant's ring: validates, decodes, measures, publishes. A message is published
 * whole or not at all; a packet longer than 20 ms becomes several frames. Worker thread.
 */
import { bytesPerSample, frameBytes, frameDurationMs, packetBytesMax } from '../limits.ts';
import { type DropReason, frameFlag, lane, ring, streamSlot } from '../memory/layout.ts';
import type { RingWriter } from '../ring/writer.ts';
import { measureArrival } from './jitter.ts';
import type { LaneCounters } from './lane-counters.ts';
import { decodeBase64, decodedBytes } from './protocol/base64.ts';
import type { Message } from './protocol/message.ts';
import type { StreamState } from './stream-state.ts';
import { countAsLoss, Placement, place } from './timeline.ts';

export class AudioWriter {
  private readonly stream: StreamState;
  private readonly placement = new Placement();
  /** For what cannot go straight into a slot: long packets, and a participant's first, before there is a ring. */
  private readonly packet = Buffer.alloc(packetBytesMax);

  constructor(stream: StreamState) {
    this.stream = stream;
  }

  /** Returns why the message was dropped, or null when it is committed and counted. */
  take(message: Message, counters: LaneCounters, arrivalMs: number, nowMs: number): DropReason | null {
    const { stream, packet } = this;
    if (stream.isUnsupported) return 'unsupported_format';
    if (!message.dataIsText) return 'malformed_audio';
    let bytes = decodedBytes(message.data);
    if (bytes < 0 || bytes % bytesPerSample !== 0 || bytes > packetBytesMax) return 'malformed_audio';
    if (bytes === 0 && !message.silent) return 'malformed_audio';

    const sampleRate = stream.sampleRate;
    const perFrame = frameBytes(sampleRate);
    let writer = stream.find(message.id, message.idStart, message.idEnd);
    if (writer?.isFull) {
      const renewed = stream.renew(writer);
      if (typeof renewed === 'string') return renewed;
      writer = renewed;
    }
    if (writer !== null && bytes > 0 && bytes <= perFrame) {
      if (!decodeBase64(message.data, bytes, writer.bytes, writer.nextPcm())) return 'malformed_audio';
      this.measure(writer, message, counters, arrivalMs, bytes, sampleRate);
      this.publish(writer, message, arrivalMs, bytes, 0, bytes < perFrame ? frameFlag.partial : 0);
      this.count(writer, message, counters, arrivalMs, nowMs, bytes, 1);
      return null;
    }

    if (bytes === 0) {
      bytes = perFrame;
      packet.fill(0, 0, bytes);
    } else if (!decodeBase64(message.data, bytes, packet, 0)) return 'malformed_audio';
    if (writer === null) {
      const admitted = stream.admit(message.id, message.idStart, message.idEnd);
      if (typeof admitted === 'string') return admitted;
      writer = admitted;
    }
    this.measure(writer, message, counters, arrivalMs, bytes, sampleRate);
    let frames = 0;
    for (let at = 0; at < bytes; at += perFrame, frames++) {
      const size = Math.min(perFrame, bytes - at);
      packet.copy(writer.bytes, writer.nextPcm(), at, at + size);
      this.publish(writer, message, arrivalMs, size, frames, size < perFrame ? frameFlag.partial : 0);
    }
    this.count(writer, message, counters, arrivalMs, nowMs, bytes, frames);
    return null;
  }

  /** Finds the packet's place on the timeline and takes its arrival into the jitter. */
  private measure(
    writer: RingWriter,
    message: Message,
    counters: LaneCounters,
    arrivalMs: number,
    bytes: number,
    sampleRate: number,
  ): void {
    const { placement } = this;
    place(writer, message.timestampMs, arrivalMs, bytes, message.idEnd > message.idStart, placement);
    // The network was away, not the participant.
    if (placement.isPause && this.stream.brokeOffAfter(writer.f64[(writer.at + ring.referenceArrivalMs) / 8]!)) {
      countAsLoss(placement);
    }
    const durationMs = (bytes / bytesPerSample / sampleRate) * 1000;
    const deviationMs = measureArrival(writer, arrivalMs, message.timestampMs, durationMs, placement.consecutive);
    if (!Number.isNaN(deviationMs)) counters.deviation.observe(deviationMs);
    counters.jitter.observe(writer.f64[(writer.at + ring.jitterMs) / 8]!);
  }

  /** Publishes one frame of the packet, whose PCM stands in its slot; the first one carries what came before it. */
  private publish(
    writer: RingWriter,
    message: Message,
    arrivalMs: number,
    bytes: number,
    index: number,
    partial: number,
  ): void {
    const { placement } = this;
    const first = index === 0;
    const inherited = first ? placement.flags : placement.flags & ~frameFlag.resumed;
    const samplesBefore = (index * frameBytes(this.stream.sampleRate)) / bytesPerSample;
    writer.commit(
      bytes,
      inherited | partial | (message.silent ? frameFlag.silent : 0),
      first ? placement.missingFrames : 0,
      message.timestampMs + index * frameDurationMs,
      arrivalMs,
      placement.positionSamples + samplesBefore,
    );
  }

  private count(
    writer: RingWriter,
    message: Message,
    counters: LaneCounters,
    arrivalMs: number,
    nowMs: number,
    bytes: number,
    frames: number,
  ): void {
    const { placement, stream } = this;
    const { f64 } = writer;
    const base = writer.at / 8;
    if (message.silent) {
      f64[base + ring.silentFrames / 8]! += frames;
      counters.add(lane.silentFrames, frames);
    }
    if (placement.missingFrames > 0) {
      f64[base + ring.missingFrames / 8]! += placement.missingFrames;
      f64[base + ring.gaps / 8]! += 1;
      counters.add(lane.missingFrames, placement.missingFrames);
      counters.add(lane.gaps, 1);
    }
    if ((placement.flags & frameFlag.duplicate) !== 0) {
      f64[base + ring.duplicateFrames / 8]! += frames;
      counters.add(lane.duplicateFrames, frames);
    }
    if ((placement.flags & frameFlag.late) !== 0) {
      f64[base + ring.outOfOrderFrames / 8]! += frames;
      counters.add(lane.outOfOrderFrames, frames);
    }
    if (placement.isPause) {
      f64[base + ring.pauses / 8]! += 1;
      counters.add(lane.pauses, 1);
    }
    if (placement.isClockStep) counters.add(lane.clockSteps, 1);
    if (!stream.hasMetadata) {
      stream.add(streamSlot.audioBeforeMetadata, 1);
      counters.add(lane.audioBeforeMetadata, 1);
    }
    stream.lastAudioMs = arrivalMs;
    counters.add(lane.frames, frames);
    counters.add(lane.pcmBytes, bytes);
    counters.residence.observe(Math.max(0, nowMs - arrivalMs));
    stream.add(streamSlot.committed, 1);
    counters.add(lane.committed, 1);
  }
}
