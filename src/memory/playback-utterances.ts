/**
 * The places of a queue's utterances that are under way: what the writer says of each, and what became of it. An utterance has the
 * place of its number; a reader checks that it is still its own. Any thread.
 */
import { playbackIdBytesMax, playbackUtterancesMax } from '../base/playback-limits.ts';
import { playbackQueue, utterance, utteranceResult } from './playback-layout.ts';

export interface UtteranceResult {
  outcome: number;
  playedMs: number;
  underruns: number;
}

function placeOf(number: number): number {
  return (number % playbackUtterancesMax) * utterance.bytes + playbackQueue.utterances;
}
function resultOf(number: number): number {
  return (number % playbackUtterancesMax) * utteranceResult.bytes + playbackQueue.results;
}

export class UtterancePlaces {
  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly f64: Float64Array<SharedArrayBuffer>;
  private idBytes: Buffer<SharedArrayBuffer> | null = null;

  /** Views of the queue. */
  constructor(i32: Int32Array<SharedArrayBuffer>, f64: Float64Array<SharedArrayBuffer>) {
    this.i32 = i32;
    this.f64 = f64;
  }

  private get bytes(): Buffer<SharedArrayBuffer> {
    this.idBytes ??= Buffer.from(this.i32.buffer);
    return this.idBytes;
  }

  // ── written by the main thread ──

  /** What became of it; the queue says behind it that it is over. */
  note(number: number, outcome: number, playedMs: number, underruns: number): void {
    const at = resultOf(number);
    this.i32[(at + utteranceResult.outcome) / 4] = outcome;
    this.f64[(at + utteranceResult.playedMs) / 8] = playedMs;
    this.i32[(at + utteranceResult.underruns) / 4] = underruns;
  }
  readResult(number: number, into: UtteranceResult): void {
    const at = resultOf(number);
    into.outcome = this.i32[(at + utteranceResult.outcome) / 4]!;
    into.playedMs = this.f64[(at + utteranceResult.playedMs) / 8]!;
    into.underruns = this.i32[(at + utteranceResult.underruns) / 4]!;
  }

  // ── written by the writer ──

  /** The utterance has its place in the queue. */
  claim(number: number, start: number, id: string, isLive: boolean): void {
    const at = placeOf(number);
    this.i32[(at + utterance.start) / 4] = start;
    this.i32[(at + utterance.isLive) / 4] = Number(isLive);
    this.i32[(at + utterance.idBytes) / 4] =
      id === '' ? 0 : this.bytes.write(id, at + utterance.id, playbackIdBytesMax);
    Atomics.store(this.i32, (at + utterance.number) / 4, number);
  }
  end(number: number, head: number): void {
    const at = placeOf(number);
    this.i32[(at + utterance.end) / 4] = head;
    Atomics.store(this.i32, (at + utterance.ended) / 4, number);
  }
  hasPlace(number: number): boolean {
    return Atomics.load(this.i32, (placeOf(number) + utterance.number) / 4) === number;
  }
  hasEnded(number: number): boolean {
    return Atomics.load(this.i32, (placeOf(number) + utterance.ended) / 4) === number;
  }
  startOf(number: number): number {
    return this.i32[(placeOf(number) + utterance.start) / 4]!;
  }
  isLive(number: number): boolean {
    return this.hasPlace(number) && this.i32[(placeOf(number) + utterance.isLive) / 4] !== 0;
  }
  endOf(number: number): number {
    return this.i32[(placeOf(number) + utterance.end) / 4]!;
  }
  idOf(number: number): string | null {
    if (!this.hasPlace(number)) return null;
    const at = placeOf(number);
    const length = Math.min(Math.max(0, this.i32[(at + utterance.idBytes) / 4]!), playbackIdBytesMax);
    return length === 0 ? null : this.bytes.toString('utf8', at + utterance.id, at + utterance.id + length);
  }
}
