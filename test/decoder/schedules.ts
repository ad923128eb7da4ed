/**
 * Schedules with known answers. A schedule says what a sender did, packet by packet, with the number that each packet has
 * in truth: no gateway sees that number, so what must be counted follows from the schedule and not from timestamps.
 *
 * All times are multiples of 1/4096 ms, the finest grain that a double has for milliseconds since 1970: then every
 * difference of two times is exact, in whatever order it is computed, and jitter can be compared bit by bit.
 */
import { startMs } from './messages.ts';

export interface Packet {
  readonly participant: number;
  /** Consecutive for one participant, as if it counted what it says. */
  readonly number: number;
  readonly timestampMs: number;
  /** How far the sender's clock is from the one with which it began. */
  readonly clockMs: number;
  readonly arrivalMs: number;
  readonly silent: boolean;
}

export interface Schedule {
  readonly mixed: boolean;
  readonly sampleRate: 16_000 | 24_000;
  readonly packetMs: number;
  /** In order of arrival. */
  readonly packets: readonly Packet[];
}

export function grain(ms: number): number {
  return Math.round(ms * 4096) / 4096;
}

export interface SteadyOptions {
  readonly count: number;
  /** From the sending of packet n to its arrival. */
  readonly delayMs?: (n: number) => number;
  /** When packet n is really sent, if not every `packetMs`; its timestamp is this in whole milliseconds. */
  readonly sentMs?: (n: number) => number;
  readonly packetMs?: number;
  readonly participant?: number;
  readonly silent?: (n: number) => boolean;
}

/** Packets 0 to `count` - 1 of one participant, each once and in order. */
export function steady(options: SteadyOptions): Packet[] {
  const { count, packetMs = 20, participant = 0, delayMs = () => 50, silent = () => false } = options;
  const sentMs = options.sentMs ?? ((n: number) => n * packetMs);
  return Array.from({ length: count }, (_, number) => ({
    participant,
    number,
    timestampMs: startMs + Math.round(sentMs(number)),
    clockMs: 0,
    arrivalMs: grain(1000.5 + sentMs(number) + delayMs(number)),
    silent: silent(number),
  }));
}

/** All that is measured of one participant. */
export interface TrackAnswers {
  frames: number;
  silentFrames: number;
  missingFrames: number;
  gaps: number;
  duplicateFrames: number;
  outOfOrderFrames: number;
  pauses: number;
  clockSteps: number;
  /** J after each packet. */
  jitter: number[];
  jitterWorst: number;
  jitterSum: number;
  jitterCount: number;
}

export interface HistogramAnswers {
  buckets: number[];
  sum: number;
}

export interface Answers {
  tracks: TrackAnswers[];
  jitter: HistogramAnswers;
  deviation: HistogramAnswers;
}

export function noTrack(): TrackAnswers {
  return {
    frames: 0,
    silentFrames: 0,
    missingFrames: 0,
    gaps: 0,
    duplicateFrames: 0,
    outOfOrderFrames: 0,
    pauses: 0,
    clockSteps: 0,
    jitter: [],
    jitterWorst: 0,
    jitterSum: 0,
    jitterCount: 0,
  };
}

/** docs/metrics.md, in milliseconds. A value lies in the first bucket whose bound it does not exceed. */
export const boundsMs = [0.5, 1, 2, 5, 10, 15, 20, 30, 40, 60, 100, 200, 500, 1000] as const;

function observe(histogram: HistogramAnswers, ms: number): void {
  const bucket = boundsMs.findIndex((bound) => ms <= bound);
  histogram.buckets[bucket < 0 ? boundsMs.length : bucket]! += 1;
  histogram.sum += ms;
}

/** RFC 3550 appendix A.8 in floating point: its names, and its way to compute. */
class Source {
  transit = 0;
  jitter = 0;

  /** A packet that says nothing about jitter, but is what the next one is compared with. */
  refer(arrival: number, ts: number): void {
    this.transit = arrival - ts;
  }

  receive(arrival: number, ts: number): void {
    const transit = arrival - ts;
    let d = transit - this.transit;
    this.transit = transit;
    if (d < 0) d = -d;
    this.jitter += (1 / 16) * (d - this.jitter);
  }
}

/** A hole of more than this is a pause of somebody who is not dominant, when unmixed. */
const pauseMs = 500;
/** From so many packets back on nothing is remembered. */
const rememberedPackets = 64;

/** One participant, on the way through a schedule. */
interface State {
  readonly track: TrackAnswers;
  readonly source: Source;
  readonly heard: Set<number>;
  furthest: number;
  last: Packet;
  /** The last packet was the first one of a clock that was set back: only the next one shows that. */
  wasSetBack: boolean;
}

/** Counts one packet by its number; returns whether it says something about jitter. */
function count(state: State, packet: Packet, { mixed, packetMs }: Schedule): boolean {
  const { track, heard, last, furthest } = state;
  const frames = packetMs / 20;
  const hole = packet.number - furthest - 1;
  const setMs = packet.clockMs - last.clockMs;
  const { wasSetBack } = state;
  state.wasSetBack = setMs < 0;
  track.frames += frames;
  if (packet.silent) track.silentFrames += frames;
  if (setMs > 0 || wasSetBack) track.clockSteps++;
  if (setMs < 0) track.outOfOrderFrames += frames;
  if (setMs !== 0 || wasSetBack) return false;
  if (hole < 0) {
    if (heard.has(packet.number) && furthest - packet.number < rememberedPackets) track.duplicateFrames += frames;
    else track.outOfOrderFrames += frames;
  } else if (hole > 0 && !mixed && hole * packetMs > pauseMs) track.pauses++;
  else if (hole > 0) {
    track.missingFrames += hole * frames;
    track.gaps++;
  }
  return hole === 0 && last.number === furthest;
}

/** What must be counted and measured. */
export function answersTo(schedule: Schedule): Answers {
  const none = () => ({ buckets: Array(boundsMs.length + 1).fill(0) as number[], sum: 0 });
  const answers: Answers = { tracks: [], jitter: none(), deviation: none() };
  const states = new Map<number, State>();
  for (const packet of schedule.packets) {
    let state = states.get(packet.participant);
    if (state === undefined) {
      // A first packet has nothing before it: it cannot be late, and compares with nothing.
      state = {
        track: noTrack(),
        source: new Source(),
        heard: new Set(),
        furthest: Number.NaN,
        last: packet,
        wasSetBack: false,
      };
      states.set(packet.participant, state);
      answers.tracks.push(state.track);
    }
    const { track, source, last } = state;
    if (count(state, packet, schedule)) {
      source.receive(packet.arrivalMs, packet.timestampMs);
      track.jitterCount++;
      track.jitterSum += source.jitter;
      track.jitterWorst = Math.max(track.jitterWorst, source.jitter);
      observe(answers.deviation, Math.abs(packet.arrivalMs - last.arrivalMs - schedule.packetMs));
    } else source.refer(packet.arrivalMs, packet.timestampMs);
    track.jitter.push(source.jitter);
    observe(answers.jitter, source.jitter);
    state.heard.add(packet.number);
    state.furthest = Number.isNaN(state.furthest) ? packet.number : Math.max(state.furthest, packet.number);
    state.last = packet;
  }
  return answers;
}
