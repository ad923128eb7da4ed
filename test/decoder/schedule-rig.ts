/** Plays a schedule to the decoder, and holds what it has measured against the schedule's answers. */
import { expect } from 'vitest';
import { lane, ring } from '../../src/memory/layout.ts';
import { seed } from '../support/seed.ts';
import { audio, iso, metadata, pcm } from './messages.ts';
import { DecoderRig } from './rig.ts';
import {
  type Answers,
  answersTo,
  boundsMs,
  type HistogramAnswers,
  noTrack,
  type Packet,
  type Schedule,
  type TrackAnswers,
} from './schedules.ts';

const counters = [
  'silentFrames',
  'missingFrames',
  'gaps',
  'duplicateFrames',
  'outOfOrderFrames',
  'pauses',
] as const satisfies readonly (keyof TrackAnswers & keyof typeof ring)[];

function histogram(rig: DecoderRig, field: number): HistogramAnswers {
  const buckets = Array.from({ length: boundsMs.length + 1 }, (_, i) => rig.laneCount(field + 8 * i));
  return { buckets, sum: rig.laneCount(field + 8 * buckets.length) };
}

/** The counters of a lane that are sums over its participants. */
type Totals = Record<(typeof counters)[number] | 'frames' | 'clockSteps', number>;

/** The same totals from the answers for each participant. */
function totalsOf({ tracks }: Answers): Totals {
  const names = [...counters, 'frames', 'clockSteps'] as const;
  return Object.fromEntries(names.map((name) => [name, tracks.reduce((sum, track) => sum + track[name], 0)])) as Totals;
}

/** What the decoder measures; clock steps are counted for the whole lane only. */
function measure(schedule: Schedule): { answers: Answers; totals: Totals } {
  const { mixed, sampleRate, packetMs, packets } = schedule;
  const rig = new DecoderRig({ ringCount: 4, streamCount: 1, laneHalfBytes: 16_384 });
  const bytes = (sampleRate * packetMs * 2) / 1000;
  const data = pcm(bytes, 1).toString('base64');
  rig.feed(metadata({ sampleRate }));
  const jitter = new Map<number, number[]>();
  for (const { participant, timestampMs, arrivalMs, silent } of packets) {
    const who = mixed ? {} : { participantRawID: `8:acs:${participant}` };
    rig.feed(audio({ timestamp: iso(timestampMs), ...who, data, silent }), { arrivalMs });
    const after = jitter.get(participant) ?? [];
    jitter.set(participant, after);
    after.push(rig.ringCount(rig.rings()[[...jitter.keys()].indexOf(participant)]!, ring.jitterMs));
  }
  rig.close();
  const tracks = rig.rings().map((index, i): TrackAnswers => {
    const track = noTrack();
    for (const name of counters) track[name] = rig.ringCount(index, ring[name]);
    return Object.assign(track, {
      frames: rig.ringWord(index, ring.head),
      jitter: [...jitter.values()][i]!,
      jitterWorst: rig.ringCount(index, ring.jitterWorstMs),
      jitterSum: rig.ringCount(index, ring.jitterSumMs),
      jitterCount: rig.ringCount(index, ring.jitterCount),
    });
  });
  const totals = Object.fromEntries(
    [...counters, 'frames' as const, 'clockSteps' as const].map((name) => [name, rig.laneCount(lane[name])]),
  ) as Totals;
  return {
    answers: { tracks, jitter: histogram(rig, lane.jitter), deviation: histogram(rig, lane.deviation) },
    totals,
  };
}

export type Shape = Partial<Omit<Schedule, 'packets'>>;

/** Plays packets, expects exactly what follows from their numbers, and gives what was measured. */
export function play(packets: readonly Packet[], shape: Shape = {}): Answers {
  const schedule: Schedule = { mixed: true, sampleRate: 16_000, packetMs: 20, ...shape, packets };
  const expected = answersTo(schedule);
  const { answers, totals } = measure(schedule);
  // Clock steps have no counter of each participant.
  expect(answers).toEqual({ ...expected, tracks: expected.tracks.map((track) => ({ ...track, clockSteps: 0 })) });
  expect(totals, `seed ${seed}`).toEqual(totalsOf(expected));
  return answers;
}

/** Buckets by their upper bound in ms; all others are empty. */
export function buckets(counts: Readonly<Record<string, number>>): number[] {
  return [...boundsMs, Number.POSITIVE_INFINITY].map((bound) => counts[bound] ?? 0);
}
