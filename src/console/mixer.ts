/**
 * All tracks of a call as one: every 20 ms one frame of each that has one. A participant's frames wait until there are two of them, so that jitter
 * tears no holes; what the gateway says waits until the call hears it. Console thread.
 */
import { bytesPerSample, frameBytes, frameBytesMax, frameDurationMs } from '../base/limits.ts';
import { RingCursor } from '../ring/cursor.ts';
import type { Frame } from '../ring/frame.ts';
import type { KnownStream } from './known-streams.ts';
import { type Ear, type Listening, type ListenResult, leftOut } from './listening.ts';
import type { Meter } from './meter.ts';

/** Frames that wait before a participant is heard, and those beyond which the oldest are left out. */
const primed = 2;
const queuedMax = 8;
/** What is sent ahead, up to 5 s, waits in its ring; so much of it is copied. */
const slots = 16;
/** After a standstill of ours nothing is caught up with. */
const lateMsMax = 200;
const samplesMax = frameBytesMax / bytesPerSample;

class QueuedTrack {
  readonly meter: Meter;
  private readonly isSpoken: boolean;
  private readonly cursor: RingCursor;
  private readonly samples = new Int16Array(slots * samplesMax);
  private readonly arrivalsMs = new Float64Array(slots);
  private readonly duesMs = new Float64Array(slots);
  private head = 0;
  private tail = 0;
  private isPrimed: boolean;

  constructor(meter: Meter, isSpoken: boolean) {
    this.meter = meter;
    this.isSpoken = isSpoken;
    this.isPrimed = isSpoken;
    this.cursor = new RingCursor(meter.place);
    if (!isSpoken) this.cursor.skipToNewest();
  }

  private get queued(): number {
    return this.tail - this.head;
  }

  fill(nowMs: number, frame: Frame): void {
    const { cursor, isSpoken } = this;
    if (!isSpoken && cursor.lag > slots) cursor.resume(this.meter.figures.loadHead() - queuedMax, 0);
    while (this.queued < slots && cursor.read(frame) === 'frame') this.put(frame, nowMs);
    if (!isSpoken && this.queued > queuedMax) this.head = this.tail - primed;
  }

  /** Playback was silenced: what waits will not be heard. */
  cut(): void {
    this.head = this.tail;
    this.cursor.skipToNewest();
  }

  /** Adds its next frame to the mix. Returns when that arrived, or is heard by the call; infinite: it has none that is due. */
  mixInto(mix: Int32Array, nowMs: number): number {
    while (this.isSpoken && this.queued > 0 && this.dueMs < nowMs - lateMsMax) this.head++;
    if (this.queued >= primed) this.isPrimed = true;
    if (this.queued === 0 && !this.isSpoken) this.isPrimed = false;
    if (!this.isPrimed || this.queued === 0 || this.dueMs > nowMs) return Number.POSITIVE_INFINITY;
    const at = this.head++ % slots;
    const from = at * samplesMax;
    for (let i = 0; i < mix.length; i++) mix[i]! += this.samples[from + i]!;
    return this.isSpoken ? this.duesMs[at]! : this.arrivalsMs[at]!;
  }

  private get dueMs(): number {
    return this.duesMs[this.head % slots]!;
  }

  private put({ flags, samples, sampleCount, arrivalMs, positionSamples }: Frame, nowMs: number): void {
    if (!this.isSpoken && (flags & leftOut) !== 0) return;
    const { figures, address } = this.meter;
    const heardMs = figures.firstArrivalMs + (positionSamples * 1000) / address.sampleRate;
    if (this.isSpoken && heardMs < nowMs - lateMsMax) return;
    const at = this.tail++ % slots;
    const from = at * samplesMax;
    for (let i = 0; i < samplesMax; i++) this.samples[from + i] = i < sampleCount ? samples[i]! : 0;
    this.arrivalsMs[at] = arrivalMs;
    this.duesMs[at] = this.isSpoken ? heardMs : 0;
  }
}

export class MixedListening implements Listening {
  private readonly stream: KnownStream;
  private readonly cutMs: () => number;
  private readonly ear: Ear;
  private tracks: QueuedTrack[] = [];
  private sampleRate = 0;
  private mix = new Int32Array(0);
  private mixed = new Int16Array(0);
  private nextMs = 0;
  private seenCutMs: number;

  /** @param cutMs when its playback was silenced last */
  constructor(stream: KnownStream, cutMs: () => number, ear: Ear) {
    this.stream = stream;
    this.cutMs = cutMs;
    this.ear = ear;
    this.seenCutMs = cutMs();
  }

  turn(nowMs: number, frame: Frame): ListenResult {
    this.follow();
    if (this.sampleRate === 0) return 'open';
    for (const track of this.tracks) track.fill(nowMs, frame);
    const cutMs = this.cutMs();
    if (cutMs > this.seenCutMs) for (const track of this.tracks) if (track.meter === this.stream.spoken) track.cut();
    this.seenCutMs = cutMs;
    if (nowMs - this.nextMs > lateMsMax) this.nextMs = nowMs;
    for (; this.nextMs <= nowMs; this.nextMs += frameDurationMs) this.mixOne(nowMs);
    return 'open';
  }

  /** The tracks that there are now, of the rate that the call has now. */
  private follow(): void {
    const { tracks, spoken } = this.stream;
    const sampleRate = tracks.at(-1)?.address.sampleRate ?? spoken?.address.sampleRate ?? 0;
    const meters = spoken === null ? tracks : [...tracks, spoken];
    const wanted = meters.filter((meter) => meter.address.sampleRate === sampleRate && !meter.isGone);
    if (wanted.length !== this.tracks.length || wanted.some((meter, i) => this.tracks[i]!.meter !== meter)) {
      this.tracks = wanted.map(
        (meter) => this.tracks.find((track) => track.meter === meter) ?? new QueuedTrack(meter, meter === spoken),
      );
    }
    if (sampleRate === this.sampleRate) return;
    this.sampleRate = sampleRate;
    this.mix = new Int32Array(frameBytes(sampleRate) / bytesPerSample);
    this.mixed = new Int16Array(this.mix.length);
    this.ear.head(sampleRate);
  }

  private mixOne(nowMs: number): void {
    const { mix, mixed } = this;
    mix.fill(0);
    let arrivalMs = Number.POSITIVE_INFINITY;
    for (const track of this.tracks) arrivalMs = Math.min(arrivalMs, track.mixInto(mix, nowMs));
    if (arrivalMs === Number.POSITIVE_INFINITY) return;
    for (let i = 0; i < mix.length; i++) mixed[i] = Math.max(-32_768, Math.min(32_767, mix[i]!));
    this.ear.sound(arrivalMs, mixed);
  }
}
