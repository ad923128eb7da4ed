/**
 * One ring as the console's thread sees it: its figures, and how loud it is. Reads like any reader: no writer waits for it, and what is overwritten
 * before it looks is left out. Console thread.
 */
import { type RingFigures, ringFigures } from '../memory/ring-figures.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { placeOf, RingCursor, type RingPlace } from '../ring/cursor.ts';
import type { Frame } from '../ring/frame.ts';
import type { TrackAddress } from './messages.ts';
import { silentLevelDb } from './wire.ts';

const fullScale = 32_768;
/** What the level is the loudest of; a frame of 20 ms that began to arrive before it counts. */
const levelMs = 100;
/** Frames of which the loudest sample is remembered: more than come in that time. */
const peaksKept = 16;
const peaksMask = peaksKept - 1;

export function decibels(peak: number): number {
  if (peak === 0) return silentLevelDb;
  return Math.max(silentLevelDb, Math.round(200 * Math.log10(peak / fullScale)) / 10);
}

const extremes = { low: 0, high: 0 };

/** Its lowest and its highest sample, which are not on the same side of 0; overwritten by the next call. */
export function extremesOf({ samples, sampleCount }: Frame): Readonly<typeof extremes> {
  let low = 0;
  let high = 0;
  for (let i = 0; i < sampleCount; i++) {
    const sample = samples[i]!;
    if (sample > high) high = sample;
    else if (sample < low) low = sample;
  }
  extremes.low = low;
  extremes.high = high;
  return extremes;
}

export function peakOf(frame: Frame): number {
  const { low, high } = extremesOf(frame);
  return Math.max(high, -low);
}

export class Meter {
  readonly address: TrackAddress;
  readonly figures: RingFigures;
  readonly place: RingPlace;
  /** Null until its level is asked for. */
  private cursor: RingCursor | null = null;
  private readonly arrivalsMs = new Float64Array(peaksKept);
  private readonly peaks = new Float64Array(peaksKept);
  private count = 0;

  constructor(memory: SharedMemory, address: TrackAddress) {
    this.address = address;
    this.figures = ringFigures(memory, address.ring.index);
    this.place = placeOf(memory, address.ring);
  }

  /** The ring was given to another participant. */
  get isGone(): boolean {
    return this.figures.loadGeneration() !== this.address.ring.generation;
  }

  /** Of the last tenth of a second, in dBFS. @param frame any */
  level(nowMs: number, frame: Frame): number {
    this.cursor ??= new RingCursor(this.place);
    const { cursor, arrivalsMs, peaks } = this;
    if (cursor.lag > peaksKept) cursor.resume(this.figures.loadHead() - peaksKept, 0);
    while (cursor.read(frame) === 'frame') {
      const at = this.count++ & peaksMask;
      arrivalsMs[at] = frame.arrivalMs;
      peaks[at] = frame.arrivalMs >= nowMs - levelMs ? peakOf(frame) : 0;
    }
    if (this.isGone) return silentLevelDb;
    let peak = 0;
    for (let i = 0; i < peaksKept; i++) if (arrivalsMs[i]! >= nowMs - levelMs) peak = Math.max(peak, peaks[i]!);
    return decibels(peak);
  }
}
