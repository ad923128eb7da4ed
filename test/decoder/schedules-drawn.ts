/**
 * Schedules that fast-check draws: every fate that a packet can have, in any combination in which its number says what must
 * be counted. A participant's call is a row of stretches; between two of them is a pause, or somebody sets its clock.
 */
import fc from 'fast-check';
import { startMs } from './messages.ts';
import { grain, type Packet, type Schedule } from './schedules.ts';

interface Fate {
  readonly copies: number;
  /** By how many places each copy comes later than the one before it. */
  readonly delay: number;
  readonly silent: boolean;
  readonly jitterMs: number;
  /** By how much the timestamp is off, as a share of the packet. */
  readonly skew: number;
}

const fate: fc.Arbitrary<Fate> = fc.record({
  copies: fc.constantFrom(0, 1, 1, 1, 1, 1, 2, 3),
  delay: fc.constantFrom(0, 0, 0, 0, 1, 2, 9, 21),
  silent: fc.boolean(),
  jitterMs: fc.oneof(fc.double({ min: 0, max: 80, noNaN: true }), fc.constantFrom(0, 0, 600)).map(grain),
  skew: fc.double({ min: -0.2, max: 0.2, noNaN: true }),
});

interface Stretch {
  readonly pausePackets: number;
  readonly clockMs: number;
  readonly fates: readonly Fate[];
}

const stretch: fc.Arbitrary<Stretch> = fc.record({
  pausePackets: fc.constantFrom(0, 0, 30, 150),
  clockMs: fc.constantFrom(0, 0, 0, 3_600_000, -3_600_000, 150_000, -60_000),
  fates: fc.array(fate, { minLength: 2, maxLength: 60, size: 'max' }),
});

interface Spoken {
  readonly stretches: readonly Stretch[];
  readonly startMs: number;
  readonly skewed: boolean;
}

const spoken: fc.Arbitrary<Spoken> = fc.record({
  stretches: fc.array(stretch, { minLength: 1, maxLength: 4 }),
  startMs: fc.double({ min: 0, max: 200, noNaN: true }).map(grain),
  skewed: fc.boolean(),
});

/** One participant's packets, in order of arrival. */
function packetsOf({ stretches, startMs: beginMs, skewed }: Spoken, participant: number, packetMs: number): Packet[] {
  const packets: Packet[] = [];
  let first = 0;
  let clockMs = 0;
  let lastArrivalMs = 0;
  stretches.forEach((part, index) => {
    if (index > 0) {
      first += part.pausePackets;
      clockMs += part.clockMs;
    }
    const sends = part.fates.flatMap((drawn, place) => {
      // The first two come as they should: they show where the stretch is, and whether the clock was set.
      const { copies, delay } = place < 2 ? { copies: 1, delay: 0 } : drawn;
      return Array.from({ length: copies }, (_, copy) => ({ place, at: place + delay * (copy + 1) }));
    });
    for (const { place, at } of sends.sort((a, b) => a.at - b.at)) {
      const { silent, jitterMs, skew } = part.fates[place]!;
      const number = first + place;
      const dueMs = 1000.5 + beginMs + (first + at) * packetMs + jitterMs;
      lastArrivalMs = Math.max(lastArrivalMs, dueMs);
      packets.push({
        participant,
        number,
        timestampMs: startMs + number * packetMs + clockMs + (skewed ? Math.round(skew * packetMs) : 0),
        clockMs,
        arrivalMs: lastArrivalMs,
        silent,
      });
    }
    first += part.fates.length;
  });
  return packets;
}

/** With timestamps that are off, a hole of just 500 ms may look longer: then the numbers do not say what must be counted. */
function isPlain({ packets, packetMs, mixed }: Schedule): boolean {
  const furthest = new Map<number, number>();
  return packets.every(({ participant, number }) => {
    const hole = number - (furthest.get(participant) ?? number) - 1;
    furthest.set(participant, Math.max(number, furthest.get(participant) ?? number));
    return mixed || Math.abs(hole * packetMs - 500) > 0.4 * packetMs;
  });
}

export const drawnSchedule: fc.Arbitrary<Schedule> = fc
  .record({
    mixed: fc.boolean(),
    sampleRate: fc.constantFrom(16_000 as const, 24_000 as const),
    packetMs: fc.constantFrom(20, 20, 20, 40, 100),
    speakers: fc.array(spoken, { minLength: 1, maxLength: 3 }),
  })
  .map(({ mixed, sampleRate, packetMs, speakers }): Schedule => {
    const packets = (mixed ? speakers.slice(0, 1) : speakers)
      .flatMap((one, participant) => packetsOf(one, participant, packetMs))
      .sort((a, b) => a.arrivalMs - b.arrivalMs);
    return { mixed, sampleRate, packetMs, packets };
  })
  .filter(isPlain);
