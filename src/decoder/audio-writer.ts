/**
 * Takes one audio message to its participant's ring: validates, decodes, measures, counts, publishes. A message is published
 * whole or not at all; a packet longer than 20 ms becomes several frames. Publishing comes last: until then everything can
 * be taken back. Worker thread.
 */
import { bytesPerSample, frameBytes, frameDurationMs, packetBytesMax } from '../base/limits.ts';
import type { LaneHeader } from '../memory/lane-header.ts';
import type { DropReason } from '../memory/outcomes.ts';
import { frameFlag } from '../memory/states.ts';
import { decodeBase64, decodedBytes } from '../protocol/base64.ts';
import type { Message } from '../protocol/message.ts';
import type { RingWriter } from '../ring/writer.ts';
import type { Gating } from './gating.ts';
import { measureArrival } from './jitter.ts';
import { Pcm, Placement } from './placement.ts';
import { stampMsMin } from './stamp-limits.ts';
import type { StreamState } from './stream-state.ts';
import { isInDoubt, place, settleDoubt } from './timeline.ts';
import type { UndoNote } from './undo-note.ts';

function msOf(bytes: number, sampleRate: number): number {
  return (bytes / bytesPerSample / sampleRate) * 1000;
}

export class AudioWriter {
  private readonly stream: StreamState;
  private readonly placement = new Placement();
  private readonly pcm = new Pcm();
  private readonly gating: Gating;
  private readonly clock: () => number;

  constructor(stream: StreamState, gating: Gating, clock: () => number) {
    this.stream = stream;
    this.gating = gating;
    this.clock = clock;
  }

  /** Returns why the message was dropped, or null when it is committed and counted. */
  take(message: Message, lane: LaneHeader, note: UndoNote, arrivalMs: number, nowMs: number): DropReason | null {
    const { stream, placement } = this;
    if (stream.isUnsupported) return 'unsupported_format';
    if (!message.dataIsText) return 'malformed_audio';
    let bytes = decodedBytes(message.data);
    if (bytes < 0 || bytes % bytesPerSample !== 0 || bytes > packetBytesMax) return 'malformed_audio';
    if (bytes === 0 && !message.silent) return 'malformed_audio';

    const sampleRate = stream.sampleRate;
    const perFrame = frameBytes(sampleRate);
    // Before ACS was: the default of a type, or a clock that was never set.
    if (message.timestampMs < stampMsMin) message.timestampMs = Number.NaN;
    let writer = stream.find(message.id, message.idStart, message.idEnd);
    if (writer !== null && (writer.isDue || bytes > perFrame)) {
      if (writer.isFull) {
        const renewed = stream.renew(writer, note);
        if (typeof renewed === 'string') return renewed;
        writer = renewed;
      }
      // Nothing is changed yet: a worker that dies in a wait has lost no more than the message.
      this.gating.pass(writer, Math.max(1, Math.ceil(bytes / perFrame)), stream, note.laneIndex);
      if (this.gating.hasWaited) nowMs = this.clock();
    }
    if (writer !== null && bytes > 0 && bytes <= perFrame) {
      const pcmAt = writer.nextPcm();
      const durationMs = bytes === perFrame ? frameDurationMs : msOf(bytes, sampleRate);
      if (!decodeBase64(message.data, bytes, writer.bytes, pcmAt)) return 'malformed_audio';
      note.noteRing(writer);
      const deviationMs = this.measure(writer, message, note, arrivalMs, writer.bytes, pcmAt, bytes, durationMs);
      this.count(writer, message, lane, note, arrivalMs, nowMs, bytes, 1, deviationMs);
      const flags = this.flagsOf(message) | (bytes < perFrame ? frameFlag.partial : 0);
      writer.commit(bytes, flags, placement.missingFrames, this.stampOf(message), arrivalMs, placement.positionSamples);
      return null;
    }

    if (bytes === 0) {
      bytes = perFrame;
      note.packet.fill(0, 0, bytes);
    } else if (!decodeBase64(message.data, bytes, note.packet, 0)) return 'malformed_audio';
    if (writer === null) {
      const admitted = stream.admit(message.id, message.idStart, message.idEnd, note);
      if (typeof admitted === 'string') return admitted;
      writer = admitted;
    }
    note.noteRing(writer);
    const durationMs = msOf(bytes, sampleRate);
    const deviationMs = this.measure(writer, message, note, arrivalMs, note.packet, 0, bytes, durationMs);
    const frames = Math.ceil(bytes / perFrame);
    this.count(writer, message, lane, note, arrivalMs, nowMs, bytes, frames, deviationMs);
    const { missingFrames, positionSamples } = placement;
    note.notePacket(bytes, this.flagsOf(message), missingFrames, this.stampOf(message), arrivalMs, positionSamples);
    note.publishPacket(writer);
    return null;
  }

  /** Before the stream's rings end: counts what is still in doubt, ring by ring. */
  settle(lane: LaneHeader, note: UndoNote): void {
    const { stream, placement } = this;
    for (let i = 0; i < stream.participantCount; i++) {
      const writer = stream.writerAt(i);
      if (!isInDoubt(writer)) continue;
      note.noteRing(writer);
      note.noteStamps(writer);
      note.noteOthers(stream);
      note.noteRingOthers(writer);
      settleDoubt(writer, placement);
      this.countUnusual(writer, lane, 0);
      note.clear();
    }
  }

  private flagsOf(message: Message): number {
    return this.placement.flags | (message.silent ? frameFlag.silent : 0);
  }

  /** What the frame carries: NaN if its stamp says nothing. */
  private stampOf(message: Message): number {
    return this.placement.isUnusable ? Number.NaN : message.timestampMs;
  }

  /** Finds the packet's place on the timeline and takes its arrival into the jitter. Returns the deviation, ms, or NaN. */
  private measure(
    writer: RingWriter,
    message: Message,
    note: UndoNote,
    arrivalMs: number,
    from: Buffer,
    fromAt: number,
    bytes: number,
    durationMs: number,
  ): number {
    const { placement, pcm } = this;
    pcm.bytes = from;
    pcm.at = fromAt;
    pcm.length = bytes;
    pcm.durationMs = durationMs;
    place(writer, note, message.timestampMs, arrivalMs, pcm, message.idEnd > message.idStart, placement);
    // The network was away, not the participant.
    if (placement.isPause && this.stream.brokeOffAfter(writer.referenceArrivalMs)) {
      placement.countAsLoss();
    }
    return measureArrival(writer, arrivalMs, message.timestampMs, durationMs, placement.consecutive);
  }

  /** Counts the packet and observes it, before it is published. */
  private count(
    writer: RingWriter,
    message: Message,
    lane: LaneHeader,
    note: UndoNote,
    arrivalMs: number,
    nowMs: number,
    bytes: number,
    frames: number,
    deviationMs: number,
  ): void {
    const { stream } = this;
    if (this.isUnusual) {
      note.noteOthers(stream);
      note.noteRingOthers(writer);
      this.countUnusual(writer, lane, frames);
    }
    const silentFrames = message.silent ? frames : 0;
    const { jitterMs } = writer;
    const residenceMs = Math.max(0, nowMs - arrivalMs);
    const { wanderMs } = this.placement;
    note.counts.add(stream, arrivalMs, frames, silentFrames, bytes, jitterMs, deviationMs, wanderMs, residenceMs);
    if (silentFrames > 0) writer.silentFrames += silentFrames;
  }

  /** Whether the packet changes counters that most do not. */
  private get isUnusual(): boolean {
    const { isPlain, flags, missingFrames, isPause, isClockStep, isUnusable } = this.placement;
    if (!this.stream.hasMetadata) return true;
    return !isPlain && (flags !== 0 || missingFrames > 0 || isPause || isClockStep || isUnusable);
  }

  private countUnusual(writer: RingWriter, lane: LaneHeader, frames: number): void {
    const { placement, stream } = this;
    if (placement.missingFrames > 0) {
      writer.missingFrames += placement.missingFrames;
      writer.gaps += placement.gaps;
      lane.missingFrames += placement.missingFrames;
      lane.gaps += placement.gaps;
    }
    if ((placement.flags & frameFlag.duplicate) !== 0) {
      writer.duplicateFrames += frames;
      lane.duplicateFrames += frames;
    }
    if ((placement.flags & frameFlag.late) !== 0) {
      writer.outOfOrderFrames += frames;
      lane.outOfOrderFrames += frames;
    }
    if (placement.isPause) {
      writer.pauses += 1;
      lane.pauses += 1;
    }
    if (placement.isUnusable) {
      writer.unusableStamps += 1;
      lane.unusableStamps += 1;
    }
    if (placement.isClockStep) lane.clockSteps += 1;
    if (!stream.hasMetadata) {
      stream.audioBeforeMetadata += 1;
      lane.audioBeforeMetadata += 1;
    }
  }
}
