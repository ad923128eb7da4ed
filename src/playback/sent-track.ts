/**
 * What was sent into a call, as a track like any participant's: an ordinary ring, which the main thread takes, writes and gives back,
 * so no worker's death touches it. Frames stand where the call heard them. Main thread.
 */
import { bytesPerSample, frameBytes, frameDurationMs } from '../base/limits.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { frameFlag } from '../memory/states.ts';
import type { Views } from '../memory/views.ts';
import type { RingPool } from '../ring/pool.ts';
import { RingWriter } from '../ring/writer.ts';

/** What readers, files and subjects call it. */
export const playbackTrackId = 'playback';
const id = Buffer.from(playbackTrackId);

export interface SentTrackOptions {
  readonly memory: SharedMemory;
  readonly pool: RingPool;
  /** What has to be added to a time of our clock to get ACS's, as far as we know; asked when a ring begins. */
  readonly toAcsMs: () => number;
  /** Readers are told. */
  readonly onStarted: (ringIndex: number) => void;
  readonly onEnded: (ringIndex: number) => void;
}

export class SentTrack {
  private readonly options: SentTrackOptions;
  private writer: RingWriter | null = null;
  /** Every ring that it had, until they are given back. */
  private readonly rings: number[] = [];
  private acsOffsetMs = 0;
  private firstMs = 0;
  private nextMs = 0;
  private nextPosition = 0;
  /** Behind the last sample on the timeline. */
  private endPosition = 0;

  constructor(options: SentTrackOptions) {
    this.options = options;
  }

  /** The ring that is being written; -1: none. */
  get ringIndex(): number {
    return this.writer?.index ?? -1;
  }

  /** A frame was sent that is heard from `startMs` on. Returns false if there is no ring for it. */
  commit(pcm: Views, at: number, sampleRate: number, startMs: number, nowMs: number): boolean {
    if (this.writer?.isFull === true) this.end();
    const writer = this.writer ?? this.begin(sampleRate, startMs);
    if (writer === null) return false;
    const samples = frameBytes(sampleRate) / bytesPerSample;
    const follows = startMs === this.nextMs;
    const position = follows ? this.nextPosition : Math.round(((startMs - this.firstMs) * sampleRate) / 1000);
    // What was sent before and silenced lies where this one begins.
    const late = position < this.endPosition ? frameFlag.late | frameFlag.resumed : 0;
    const flags = follows || writer.head === 0 ? late : late | frameFlag.resumed;
    pcm.bytes.copy(writer.bytes, writer.nextPcm(), at, at + frameBytes(sampleRate));
    writer.referenceArrivalMs = nowMs;
    writer.commit(frameBytes(sampleRate), flags, 0, Math.round(startMs + this.acsOffsetMs), nowMs, position);
    this.nextMs = startMs + frameDurationMs;
    this.nextPosition = position + samples;
    this.endPosition = Math.max(this.endPosition, this.nextPosition);
    return true;
  }

  /** No frame follows. */
  end(): void {
    const { writer } = this;
    this.writer = null;
    if (writer === null) return;
    writer.end();
    this.options.onEnded(writer.index);
  }

  /** Every reader is done, or its time is up. */
  release(): void {
    for (const index of this.rings.splice(0)) this.options.pool.release(index);
  }

  private begin(sampleRate: number, startMs: number): RingWriter | null {
    const { memory, pool, toAcsMs, onStarted } = this.options;
    const index = pool.takeOwn();
    if (index < 0) return null;
    const writer = new RingWriter(memory, index);
    writer.open(sampleRate, id, 0, id.length);
    this.rings.push(index);
    this.writer = writer;
    this.acsOffsetMs = toAcsMs();
    this.firstMs = startMs;
    this.nextMs = startMs;
    this.nextPosition = 0;
    this.endPosition = 0;
    writer.firstTimestampMs = Math.round(startMs + this.acsOffsetMs);
    writer.firstArrivalMs = startMs;
    onStarted(index);
    return writer;
  }
}
