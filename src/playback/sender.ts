/**
 * Puts the frames that are due onto a stream's socket, some in one system call, and silences ACS when asked to. Nothing is sent
 * beyond the lead, nothing that was cut off, and nothing behind something that waits in the socket. Main thread.
 */
import { frameBytes, frameDurationMs } from '../base/limits.ts';
import { playbackBurstBytesMax, playbackMessageFramesMax, playbackPrimeMs } from '../base/playback-limits.ts';
import { type AudioDataText, markedAudioData, stopAudioText } from '../protocol/outbound.ts';
import type { FrameCounts } from './frame-counts.ts';
import { type Outgoing, Peer } from './peer.ts';
import type { Playout } from './playout.ts';
import type { QueueReader } from './queue-reader.ts';
import type { SpeakerOptions, SpokenUtterances } from './spoken-utterances.ts';

export const primeFrames = playbackPrimeMs / frameDurationMs;
const dropped = 2;
/** A clock of a user's thread may say anything. */
const clearMsMax = 60_000;

export interface SenderParts {
  readonly options: SpeakerOptions;
  readonly reader: QueueReader;
  readonly playout: Playout;
  readonly utterances: SpokenUtterances;
  readonly counts: FrameCounts;
  /** A block is not the queue's. */
  readonly onCorrupt: () => void;
}

export class Sender {
  readonly peer: Peer;
  private readonly parts: SenderParts;
  private text: AudioDataText | null = null;
  private burstFramesMax = 1;
  private socket: Outgoing | null = null;
  private nowMs = 0;
  /** ACS may still have audio: a cut needs a word to it. */
  private hasSent = false;
  private mustSilence = false;
  private isFree = false;
  /** What the call cannot have heard since its peer takes nothing; null: it takes. */
  private unheardMs: number | null = null;
  /** By how much that made all of it later, since the last frame that was sent. */
  private laterMs = 0;

  constructor(parts: SenderParts) {
    const { totals, clock, since } = parts.options;
    this.parts = parts;
    this.peer = new Peer(totals, clock, since);
  }

  /** With this text from now on. */
  use(text: AudioDataText): void {
    this.text = text;
    this.burstFramesMax = Math.floor(playbackBurstBytesMax / text.bytesOfOne);
  }

  /** ACS has to throw away what it has. */
  cut(): void {
    this.mustSilence ||= this.hasSent;
  }

  get isCutting(): boolean {
    return this.mustSilence;
  }

  /** While the peer takes nothing, nothing more is heard than what it had. Before anything is said to have been played. */
  hold(nowMs: number): void {
    const { peer, parts } = this;
    const { playout, utterances } = parts;
    const socket = this.socketNow();
    this.isFree = socket !== null && peer.isFree(socket);
    if (socket === null || !this.hasSent || this.isFree) {
      if (this.unheardMs !== null) utterances.released();
      this.unheardMs = null;
      return;
    }
    this.unheardMs ??= this.bufferedMs(socket) || playout.aheadMs(nowMs);
    const laterMs = playout.hold(nowMs, this.unheardMs);
    this.laterMs += laterMs;
    utterances.held(this.unheardMs, laterMs);
  }

  /** What waits in this process; how much the kernel has of it nobody says. */
  private bufferedMs(socket: Outgoing): number {
    return Math.ceil(socket.getBufferedAmount() / this.text!.bytesOfOne) * frameDurationMs;
  }

  /** Silences ACS if it must, then sends what is due. */
  turn(nowMs: number): void {
    this.nowMs = nowMs;
    const { socket } = this;
    if (socket !== null && this.silence(socket)) this.speak(socket);
  }

  /** The stream's socket; another one than before has a clock of its own. */
  private socketNow(): Outgoing | null {
    const socket = this.parts.options.outgoing();
    if (socket === this.socket) return socket;
    this.socket = socket;
    this.parts.playout.reset();
    this.peer.reset();
    this.unheardMs = null;
    this.laterMs = 0;
    return socket;
  }

  /** Returns false while ACS cannot be told. */
  private silence(socket: Outgoing): boolean {
    if (!this.mustSilence) return true;
    if (socket.send(stopAudioText, false) === dropped) return false;
    this.mustSilence = false;
    this.hasSent = false;
    this.isFree = this.peer.isFree(socket);
    this.unheardMs = null;
    this.parts.utterances.silenced(this.nowMs);
    const { clock, totals, queue } = this.parts.options;
    const askedMs = clock() - queue.cutMs;
    totals.clear.observe(askedMs >= 0 && askedMs < clearMsMax ? askedMs : clearMsMax);
    return true;
  }

  private speak(socket: Outgoing): void {
    const { peer, nowMs } = this;
    const { playout, options, reader } = this.parts;
    if (!this.findDue()) return;
    if (!this.isFree) {
      this.dropLive();
      return;
    }
    if (!playout.isDry(nowMs)) options.totals.lead.observe(playout.aheadMs(nowMs));
    do {
      const { tail } = reader;
      socket.cork(this.sendBurst);
      if (reader.tail === tail) return;
    } while (this.findDue() && peer.isFree(socket));
  }

  /** Whether something can be sent now: enough to begin with, or to continue. */
  private findDue(): boolean {
    const { nowMs } = this;
    const { reader, playout, utterances } = this.parts;
    if (!playout.wants(nowMs)) return false;
    utterances.passEmpty();
    const { available } = reader;
    return available > 0 && (!playout.isDry(nowMs) || available >= primeFrames || reader.hasEnded);
  }

  /** Frames of one utterance, as many as are due: what is said of them is said once for all of them. */
  private readonly sendBurst = (): void => {
    const { peer, nowMs } = this;
    const { reader, playout, utterances } = this.parts;
    const socket = this.socket!;
    for (let room = Math.min(this.burstFramesMax, playout.dueFrames(nowMs)); room > 0; ) {
      const count = Math.min(room, reader.available);
      if (count === 0) break;
      const sent = this.sendFrames(socket, count);
      utterances.passEnded();
      // It was cut off, or the socket takes no more.
      if (sent < count) break;
      room -= sent;
    }
    peer.ping(socket, nowMs);
  };

  /** Returns how many of them were sent. */
  private sendFrames(socket: Outgoing, count: number): number {
    const { nowMs } = this;
    const { reader, playout, utterances, options, counts, onCorrupt } = this.parts;
    const { queue } = options;
    const { number } = reader;
    const gapMs = nowMs - playout.endMs + this.laterMs;
    let sent = 0;
    while (sent < count) {
      // A thread may have cut it off since we looked.
      if (queue.cut >= number) break;
      const frames = Math.min(count - sent, reader.locate(sent), playbackMessageFramesMax);
      if (frames === 0) {
        // Not from within: the socket is corked.
        queueMicrotask(onCorrupt);
        break;
      }
      if (socket.send(this.message(sent, frames), false) === dropped) break;
      this.record(frames);
      sent += frames;
    }
    if (sent === 0) return 0;
    this.hasSent = true;
    this.laterMs = 0;
    counts.addSent(sent);
    utterances.sent(sent, gapMs, nowMs);
    reader.advance(sent);
    return sent;
  }

  /** The frames that the reader has found, with so many before them. */
  private message(ahead: number, frames: number): string | Uint8Array {
    const { reader, utterances } = this.parts;
    const { views, at, sampleRate } = reader;
    const markId = utterances.markIdOf(ahead + frames - 1);
    if (markId === null) return this.text!.write(views.bytes, at, frames);
    return markedAudioData(views.bytes, at, frames * frameBytes(sampleRate), markId);
  }

  /** They are heard when all before them has been. */
  private record(frames: number): void {
    const { nowMs } = this;
    const { reader, playout, options } = this.parts;
    const { track, totals } = options;
    const { views, sampleRate } = reader;
    const bytes = frameBytes(sampleRate);
    for (let n = 0; n < frames; n++) {
      const startMs = playout.take(nowMs);
      if (!track.commit(views, reader.at + n * bytes, sampleRate, startMs, nowMs)) totals.unrecorded++;
    }
  }

  /** Live audio that waited for longer than the lead is of no use any more. */
  private dropLive(): void {
    const { reader, options, counts } = this.parts;
    if (this.peer.stalledMs <= options.leadMs || !options.queue.places.isLive(reader.number)) return;
    counts.addDiscarded(reader.skipCurrent(), 'stalled');
    this.cut();
  }
}
