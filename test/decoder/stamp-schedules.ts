/**
 * Calls whose timestamps are receive times, drawn at random, and what must hold for each, written down without the decoder.
 * A frame's audio is its number, so that what was recorded can be held against what was sent.
 */
import { readFileSync } from 'node:fs';
import type { DecoderName } from '../../src/config/decoder-names.ts';
import { lane } from '../../src/memory/layout.ts';
import { frameFlag } from '../../src/memory/states.ts';
import type { RingCursor } from '../../src/ring/cursor.ts';
import { Frame } from '../../src/ring/frame.ts';
import { metadata, startMs } from './messages.ts';
import { DecoderRig } from './rig.ts';

export const frameMs = 20;

/** Stamps as they are found, of calls of which nothing is lost. */
export interface WanderCase {
  readonly name: string;
  /** Since the first one; null if all have the same `timestamp`. */
  readonly stampsMs: readonly number[] | null;
  readonly timestamp?: string;
  readonly frames: number;
  readonly missing: number;
  readonly duplicates: number;
  readonly durationMs: number;
}

export const wanderCases: readonly WanderCase[] = JSON.parse(
  readFileSync(new URL('./timestamps.json', import.meta.url), 'utf8'),
);

export interface Sent {
  readonly stampMs: number | null;
  readonly arrivalMs: number;
  /** Which of the call's frames it is: its audio. */
  readonly number: number;
}

export interface Played {
  readonly order: number[];
  readonly missing: number;
  readonly gaps: number;
  readonly duplicates: number;
  readonly late: number;
  readonly pauses: number;
  readonly clockSteps: number;
  readonly unusable: number;
  /** What each frame carries; NaN if that says nothing. */
  readonly stamps: number[];
  /** From the first frame to the end of the last one, as a recording would be. */
  readonly lengthMs: number;
  /** Each frame's place, and whether any two overlap. */
  readonly positionsMs: number[];
  readonly overlaps: boolean;
}

/** A timestamp as ACS writes it, with seven fraction digits. */
export function stamp(ms: number): string {
  const ticks = Math.round((ms - Math.floor(ms)) * 10_000);
  const whole = new Date(Math.floor(ms) + (ticks === 10_000 ? 1 : 0)).toISOString();
  return whole.replace('Z', `${String(ticks % 10_000).padStart(4, '0')}Z`);
}

interface PlayOptions {
  readonly unmixed?: boolean;
  readonly timestamp?: (ms: number) => string;
  readonly decoder?: DecoderName;
}

/** Of a frame at 16 kHz. */
export const frameBytes = 640;

/** Audio that says which frame it is. */
export function frameOf(number: number): Buffer {
  return Buffer.alloc(frameBytes, `${number},`);
}

/** The end of the message of a frame. Kept, in bytes: made anew for millions of frames it takes longer than decoding them. */
const audioOf: Buffer[] = [];
const written = Buffer.alloc(4096);
const beforeStamp = '{"kind":"AudioData","audioData":{"timestamp":';

/** An `AudioData` message, in memory that the next one takes. */
function messageOf(number: number, timestamp: string | null, unmixed: boolean): Buffer {
  audioOf[number] ??= Buffer.from(`,"data":"${frameOf(number).toString('base64')}","silent":false}}`);
  const participant = unmixed ? ',"participantRawID":"a"' : '';
  let end = written.write(`${beforeStamp}${JSON.stringify(timestamp)}${participant}`);
  end += audioOf[number].copy(written, end);
  return written.subarray(0, end);
}

const frame = new Frame();

/** Plays it through the whole decoder, frame by frame, to the end of the stream. */
export function play(sent: readonly Sent[], { unmixed = false, timestamp = stamp, decoder }: PlayOptions = {}): Played {
  const rig = new DecoderRig({
    ringCount: 1,
    streamCount: 1,
    laneHalfBytes: 16_384,
    ringSeconds: 1,
    ...(decoder && { decoder }),
  });
  rig.feed(metadata());
  const kept: { number: number; positionMs: number; stampMs: number }[] = [];
  let reader: RingCursor | null = null;
  for (const { stampMs, arrivalMs, number } of sent) {
    const message = messageOf(number, stampMs === null ? null : timestamp(startMs + stampMs), unmixed);
    rig.feed(message, { arrivalMs: 5000 + arrivalMs });
    reader ??= rig.reader(rig.rings()[0]!);
    while (reader.read(frame) === 'frame') {
      const { pcm, flags, positionSamples, timestampMs } = frame;
      if ((flags & frameFlag.duplicate) !== 0) continue;
      const sequence = Number.parseInt(pcm.toString('latin1', 0, 16), 10);
      kept.push({ number: sequence, positionMs: positionSamples / 16, stampMs: timestampMs });
    }
  }
  rig.close();
  const positionsMs = kept.map(({ positionMs }) => positionMs);
  const sorted = positionsMs.toSorted((a, b) => a - b);
  return {
    order: kept.map(({ number }) => number),
    missing: rig.laneCount(lane.missingFrames),
    gaps: rig.laneCount(lane.gaps),
    duplicates: rig.laneCount(lane.duplicateFrames),
    late: rig.laneCount(lane.outOfOrderFrames),
    pauses: rig.laneCount(lane.pauses),
    clockSteps: rig.laneCount(lane.clockSteps),
    unusable: rig.laneCount(lane.unusableStamps),
    stamps: kept.map(({ stampMs }) => stampMs),
    lengthMs: sorted.at(-1)! + frameMs,
    positionsMs,
    overlaps: sorted.some((at, i) => i > 0 && at < sorted[i - 1]! + frameMs),
  };
}

type Random = () => number;

/** Ways in which the stamp of a frame of `atMs` comes about. All stay within `wanderMs` of a grid. */
const stampings: Readonly<Record<string, (random: Random, wanderMs: number) => (atMs: number) => number>> = {
  'exact stamps': () => (atMs) => atMs,
  'a delay, in order': (random, wanderMs) => {
    let newest = 0;
    return (atMs) => {
      newest = Math.max(newest, atMs + random() * wanderMs);
      return newest;
    };
  },
  // If the first frame were delayed, a second stamp a frame before it would be one that was overtaken, to anybody.
  'a delay, in any order': (random, wanderMs) => (atMs) => (atMs === 0 ? 0 : atMs + random() * wanderMs),
  // A first tick of a whole number of frames that has a single frame looks like the loss of the others, to anybody.
  'a coarse clock': (random, wanderMs) => {
    const tickMs = Math.max(1, wanderMs);
    const isAmbiguous = tickMs > frameMs && tickMs % frameMs === 0;
    const phaseMs = random() * (isAmbiguous ? tickMs - frameMs : tickMs);
    return (atMs) => Math.floor((atMs + phaseMs) / tickMs) * tickMs;
  },
  'a clock that drifts': (random) => {
    const rate = 1 + (random() - 0.5) / 1000;
    return (atMs) => atMs * rate;
  },
  'a delay that comes and goes': (random, wanderMs) => {
    let until = 0;
    let scale = 0;
    return (atMs) => {
      if (atMs >= until) {
        until = atMs + random() * 3000;
        scale = random() < 0.5 ? 0 : wanderMs;
      }
      return atMs === 0 ? 0 : atMs + random() * scale;
    };
  },
};

const arrivalsOf: Readonly<Record<string, (random: Random) => (atMs: number) => number>> = {
  'in real time': (random) => (atMs) => atMs + random() * 8,
  'at once': () => () => 0,
  'in bursts': (random) => {
    let heldUntil = 0;
    return (atMs) => {
      if (atMs >= heldUntil && random() < 0.01) heldUntil = atMs + random() * 1000;
      return Math.max(atMs, heldUntil);
    };
  },
};

export interface Drawn {
  readonly name: string;
  readonly wanderMs: number;
  readonly arrivals: string;
  readonly unmixed: boolean;
  readonly sent: Sent[];
  /** Frames that were lost, and in how many places. */
  readonly lost: number;
  readonly losses: number;
  readonly pauses: number;
  readonly swaps: number;
  readonly duplicates: number;
}

export const events = ['loss', 'pause', 'swap', 'duplicate'] as const;
export type Event = (typeof events)[number];

/** Some seconds of a call, in which such things happen now and then, a second and more apart. */
export function draw(random: Random, happen: readonly Event[]): Drawn {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!;
  const [name, stamping] = pick(Object.entries(stampings));
  const unmixed = random() < 0.5;
  const wanderMs = name === 'exact stamps' ? 0 : pick([5, 10, 15.625, 20, 33, 40, 60, 100]);
  const [arrivals, arrival] = pick(
    // Only an arrival in real time confirms a pause.
    Object.entries(arrivalsOf).filter(([how]) => how === 'in real time' || !happen.includes('pause')),
  );
  const stampOf = stamping(random, wanderMs);
  const arrivalOf = arrival(random);
  const isMonotone = name !== 'a delay, in any order' && name !== 'a delay that comes and goes';
  const sent: Sent[] = [];
  let [lost, losses, pauses, swaps, duplicates] = [0, 0, 0, 0, 0];
  let number = 0;
  let slot = 0;
  let calm = 0;
  while (sent.length < 400) {
    const event = calm > 60 && sent.length < 340 && happen.length > 0 && random() < 0.02 ? pick(happen) : null;
    if (event !== null) calm = 0;
    if (event === 'loss') {
      // With all that a stamp may wander still no pause of a participant who was not dominant.
      const frames = 1 + Math.floor(random() * 18);
      lost += frames;
      losses++;
      number += frames;
      slot += frames;
    } else if (event === 'pause') {
      pauses++;
      // Of an unmixed participant who is not dominant; mixed audio only stops for so long on hold.
      slot += Math.round(((unmixed ? 1_000 : 130_000) + random() * 3_600_000) / frameMs);
    }
    sent.push({ stampMs: stampOf(slot * frameMs), arrivalMs: arrivalOf(slot * frameMs), number });
    if (event === 'swap' && isMonotone && wanderMs <= 5) {
      // The next frame overtakes this one.
      const first = sent.pop()!;
      number++;
      slot++;
      sent.push({ stampMs: stampOf(slot * frameMs), arrivalMs: arrivalOf(slot * frameMs), number });
      if (sent.at(-1)!.stampMs! > first.stampMs!) swaps++;
      sent.push({ ...first, arrivalMs: sent.at(-1)!.arrivalMs });
    }
    if (event === 'duplicate') {
      const again = sent.at(-1 - Math.floor(random() * 8))!;
      sent.push({ ...again, arrivalMs: sent.at(-1)!.arrivalMs });
      duplicates++;
    }
    number++;
    slot++;
    calm++;
  }
  return { name, wanderMs, arrivals, unmixed, sent, lost, losses, pauses, swaps, duplicates };
}

/** What does not hold of it; nothing as it should be. */
export function faultsOf(drawn: Drawn, played: Played): string[] {
  const { wanderMs, sent, lost, losses, pauses, swaps, duplicates, name } = drawn;
  const faults: string[] = [];
  const hold = (what: string, is: number, least: number, most = least) => {
    if (!(is >= least && is <= most)) faults.push(`${what} ${is}, not ${least}${most === least ? '' : ` to ${most}`}`);
  };
  // A stamp that goes back is a frame that is late, or wander: where nothing tells them apart it is as many missing as late.
  const mayGoBack = name === 'a delay, in any order' || name === 'a delay that comes and goes';
  const late = mayGoBack ? played.late : swaps;
  hold('late', played.late, late);
  hold('missing', played.missing - played.late, lost - losses, lost + losses);
  if (name === 'exact stamps') hold('missing', played.missing, lost + swaps);
  hold('duplicates', played.duplicates, duplicates);
  hold('pauses', played.pauses, pauses);
  hold('clock steps', played.clockSteps, 0);
  hold('overlaps', Number(played.overlaps), 0);
  const seen = new Set<number>();
  const once = sent.filter(({ number }) => !seen.has(number) && seen.add(number)).map(({ number }) => number);
  if (played.order.join() !== once.join()) faults.push('frames are not those that came, in their order');
  const stamps = sent.map(({ stampMs }) => stampMs!);
  const spanMs = Math.max(...stamps) - stamps[0]! + frameMs;
  // One frame that was not noticed, as may be, is not in the length either.
  const slackMs = wanderMs + frameMs * (1 + Math.abs(played.missing - played.late - lost));
  hold('length', played.lengthMs, spanMs - slackMs, spanMs + slackMs);
  return faults;
}

export function titleOf({ name, wanderMs, arrivals, unmixed }: Drawn): string {
  return `${name} of ${wanderMs} ms, ${unmixed ? 'unmixed' : 'mixed'}, arriving ${arrivals}`;
}

/**
 * Draws and plays so many, and gives what does not hold. `rare`: of stamps that wander by half a frame and more, where stamps
 * with loss and without can look alike, to anybody: the first delay is by accident a whole frame, they begin to wander just before
 * a pause or the end, or half a second of delays in a row is long. It must stay rare, and small.
 */
export function playAll(random: Random, count: number, happen: readonly Event[]): { wrong: string[]; rare: string[] } {
  const wrong: string[] = [];
  const rare: string[] = [];
  for (let n = 0; n < count; n++) {
    const drawn = draw(random, happen);
    const played = play(drawn.sent, { unmixed: drawn.unmixed });
    const faults = faultsOf(drawn, played);
    if (faults.length === 0) continue;
    const offFrames = Math.abs(played.missing - played.late - drawn.lost);
    const isRare = drawn.wanderMs > frameMs / 2 && offFrames <= drawn.losses + 6;
    (isRare ? rare : wrong).push(`${titleOf(drawn)}: ${faults.join('; ')}`);
  }
  return { wrong, rare };
}
