/**
 * A stream that is spoken into, without threads and sockets: a clock that the test moves, a socket that it fills, and ACS's side
 * of it, which plays what comes and hears every gap.
 */

import { frameBytes } from '../../src/base/limits.ts';
import { playbackTickMs } from '../../src/base/playback-limits.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { playbackFramesMax } from '../../src/memory/playback-layout.ts';
import { PlaybackMemory } from '../../src/memory/playback-memory.ts';
import { Queue } from '../../src/memory/playback-queue.ts';
import { layoutVersion, SharedMemory } from '../../src/memory/shared-memory.ts';
import type { PlaybackHandle } from '../../src/playback/handle.ts';
import type { Outgoing } from '../../src/playback/peer.ts';
import { SentTrack } from '../../src/playback/sent-track.ts';
import { Speaker } from '../../src/playback/speaker.ts';
import type { EndedUtterance } from '../../src/playback/spoken-utterances.ts';
import { PlaybackTotals } from '../../src/playback/totals.ts';
import { PlaybackWriter } from '../../src/playback/writer.ts';
import { AudioDataText } from '../../src/protocol/outbound.ts';
import { RingPool } from '../../src/ring/pool.ts';

/** ACS: plays what comes in order, silence if nothing comes. */
export class Acs implements Outgoing {
  private readonly clock: () => number;
  private readonly sampleRate: () => number;
  /** PCM of each frame in the order in which it was played or is to be, and when it begins. */
  readonly played: { readonly pcm: Buffer; readonly atMs: number }[] = [];
  frames = 0;
  /** StopAudio as well. */
  messages = 0;
  stops = 0;
  pings = 0;
  corks = 0;
  /** Frames that came after the last StopAudio. */
  framesSinceStop = 0;
  /** Nobody reads: what is sent waits in the socket, up to its limit. */
  isBlocked = false;
  buffered = 0;
  readonly limitBytes: number;
  private waiting: string[] = [];
  private endMs = 0;

  constructor(clock: () => number, limitBytes = 16 * 1024, sampleRate = () => 16_000) {
    this.clock = clock;
    this.limitBytes = limitBytes;
    this.sampleRate = sampleRate;
  }

  send(message: string | Uint8Array): number {
    if (this.buffered > this.limitBytes) return 2;
    const text = typeof message === 'string' ? message : Buffer.from(message).toString();
    if (!this.isBlocked) {
      this.take(text);
      return 1;
    }
    this.buffered += text.length;
    this.waiting.push(text);
    return 0;
  }
  cork(send: () => void): void {
    this.corks++;
    send();
  }
  ping(): number {
    this.pings++;
    return 1;
  }
  getBufferedAmount(): number {
    return this.buffered;
  }

  /** It reads again. */
  unblock(): void {
    this.isBlocked = false;
    this.buffered = 0;
    for (const text of this.waiting.splice(0)) this.take(text);
  }

  /** What was heard by now. */
  get heard(): Buffer {
    const nowMs = this.clock();
    return Buffer.concat(this.played.filter(({ atMs }) => atMs < nowMs).map(({ pcm }) => pcm));
  }
  /** Silence between frames, ms. */
  get gaps(): number[] {
    const gaps: number[] = [];
    for (let i = 1; i < this.played.length; i++) {
      const gapMs = this.played[i]!.atMs - this.played[i - 1]!.atMs - 20;
      if (gapMs > 1e-6) gaps.push(gapMs);
    }
    return gaps;
  }
  /** Audio that waits to be played. */
  get aheadMs(): number {
    return Math.max(0, this.endMs - this.clock());
  }

  private take(text: string): void {
    const nowMs = this.clock();
    const { Kind, AudioData } = JSON.parse(text);
    this.messages++;
    if (Kind === 'StopAudio') {
      this.stops++;
      this.framesSinceStop = 0;
      while (this.played.length > 0 && this.played.at(-1)!.atMs >= nowMs) this.played.pop();
      this.endMs = nowMs;
      return;
    }
    const pcm = Buffer.from(AudioData.Data, 'base64');
    const bytes = frameBytes(this.sampleRate());
    for (let at = 0; at < pcm.length; at += bytes) {
      this.frames++;
      this.framesSinceStop++;
      const atMs = Math.max(nowMs, this.endMs);
      this.endMs = atMs + 20;
      this.played.push({ pcm: pcm.subarray(at, at + bytes), atMs });
    }
  }
}

export interface RigOptions {
  readonly leadMs?: number;
  readonly seconds?: number;
  readonly memoryBytes?: number;
  readonly sampleRate?: number;
  readonly marks?: boolean;
  /** Of another rig, to be shared. */
  readonly memory?: PlaybackMemory;
  readonly number?: number;
}

export class Rig {
  nowMs = 1_000;
  readonly clock = () => this.nowMs;
  readonly totals = new PlaybackTotals();
  readonly wheel = new TimerWheel(this.clock, playbackTickMs);
  readonly acs = new Acs(this.clock, undefined, () => this.sampleRate);
  readonly memory: PlaybackMemory;
  readonly rings: SharedMemory;
  readonly pool: RingPool;
  readonly track: SentTrack;
  readonly queue: Queue;
  readonly speaker: Speaker;
  readonly handle: PlaybackHandle;
  readonly writer: PlaybackWriter;
  readonly ended: EndedUtterance[] = [];
  readonly trackRings: number[] = [];
  socket: Outgoing | null = this.acs;
  sampleRate: number;

  constructor({
    leadMs = 200,
    seconds = 30,
    memoryBytes = 4 * 2 ** 20,
    sampleRate = 16_000,
    marks = false,
    memory = PlaybackMemory.create(memoryBytes, 64),
    number = 7,
  }: RigOptions = {}) {
    this.sampleRate = sampleRate;
    this.memory = memory;
    this.rings = SharedMemory.create({
      ringCount: 4,
      ringSlotCount: 105,
      streamCount: 1,
      participantsMax: 1,
      laneCount: 1,
      laneHalfBytes: 65_536,
    });
    this.pool = new RingPool(this.rings);
    this.track = new SentTrack({
      memory: this.rings,
      pool: this.pool,
      toAcsMs: () => 1_700_000_000_000,
      onStarted: (index) => this.trackRings.push(index),
      onEnded: () => {},
    });
    this.queue = Queue.create(playbackFramesMax(seconds));
    this.speaker = new Speaker({
      memory: this.memory,
      queue: this.queue,
      number,
      leadMs,
      marks,
      wheel: this.wheel,
      totals: this.totals,
      clock: this.clock,
      since: (ms) => this.nowMs - ms,
      outgoing: () => this.socket,
      sampleRate: () => this.sampleRate,
      textOf: (rate) => new AudioDataText(rate),
      track: this.track,
      onStarted: () => {},
      onEnded: (utterance) => this.ended.push(utterance),
      onGivenBack: () => {},
    });
    this.handle = {
      streamId: 'stream',
      callConnectionId: null,
      queue: this.queue.buffer,
      memory: this.memory.handle,
      number,
      place: 3,
      layoutVersion,
    };
    this.speaker.turn(this.nowMs);
    this.writer = new PlaybackWriter(this.handle);
  }

  /** The main thread turns, every so many ms of its clock. */
  run(ms: number, stepMs = 1): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs = Math.min(endMs, this.nowMs + stepMs);
      this.turn();
    }
  }

  /** It does not, for so long. */
  stall(ms: number): void {
    this.nowMs += ms;
    this.turn();
  }

  turn(): void {
    this.memory.answer(() => this.speaker.turn(this.nowMs));
    this.wheel.advance(this.nowMs);
  }

  /** written = sent + cleared + discarded + queued, here and in all. */
  get unaccounted(): number {
    const { written, sent, cleared, discarded, queued } = this.speaker.report;
    return written - sent - cleared - discarded - queued;
  }

  [Symbol.dispose](): void {
    this.wheel.stop();
  }
}

/** Samples that say where they stand. */
export function ramp(samples: number, from = 0): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => ((from + i) % 60_000) - 30_000);
}

export function bytesOf(samples: Int16Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}
