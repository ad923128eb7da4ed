/** The offsets: nothing overlaps, everything is aligned, and what several threads poll stands apart. */
import { describe, expect, it } from 'vitest';
import { packetBytesMax, participantIdBytesMax, sampleRates, subscriptionIdBytesMax } from '../../src/base/limits.ts';
import { playbackUtterancesMax } from '../../src/base/playback-limits.ts';
import { doubleBufferBytes } from '../../src/memory/double-buffer.ts';
import {
  batchBounds,
  delayBoundsMs,
  histogramDoubles,
  jitterBoundsMs,
  residenceBoundsMs,
} from '../../src/memory/histogram.ts';
import * as layout from '../../src/memory/layout.ts';
import { dropReasons } from '../../src/memory/outcomes.ts';
import {
  playbackPool,
  playbackQueue,
  playedDoubles,
  utterance,
  utteranceResult,
} from '../../src/memory/playback-layout.ts';
import * as memorySizes from '../../src/memory/sizes.ts';

/** Offsets of a block's fields with their sizes; whatever is not named is a 64-bit field. */
function places(
  block: Readonly<Record<string, number>>,
  sizes: Readonly<Record<string, number>>,
): [string, number, number][] {
  return Object.entries(block)
    .map(([name, at]): [string, number, number] => [name, at, sizes[name] ?? 8])
    .sort((a, b) => a[1] - b[1]);
}

const histogram = (bounds: readonly number[]) => 8 * histogramDoubles(bounds);
const dropped = 8 * dropReasons.length;
const words = (...names: string[]) => Object.fromEntries(names.map((name) => [name, 4]));

const blocks: readonly [string, Readonly<Record<string, number>>, Readonly<Record<string, number>>][] = [
  [
    'control',
    layout.control,
    {
      ...words(
        'magic',
        'version',
        'ringCount',
        'ringSlotCount',
        'streamCount',
        'participantsMax',
        'laneCount',
        'laneHalfBytes',
      ),
      ...words('gates', 'freeFrom', 'ringsHeld', 'holders'),
    },
  ],
  [
    'a stream’s slot',
    layout.streamSlot,
    {
      ...words('sampleRate', 'metadataCount', 'participantCount', 'end', 'unmixed', 'subscriptionIdBytes', 'rings'),
      dropped,
      subscriptionId: subscriptionIdBytesMax,
    },
  ],
  [
    'a ring',
    layout.ring,
    {
      ...words('generation', 'state', 'sampleRate', 'slotBytes', 'idBytes', 'head', 'windowLow', 'windowHigh'),
      ...words('gateAt', 'gates'),
      id: participantIdBytesMax,
    },
  ],
  ['a frame’s slot', layout.slot, words('sequence', 'pcmBytes', 'flags', 'missingBefore')],
  [
    'a lane',
    layout.lane,
    {
      ...words(
        'tail',
        'head',
        'parked',
        'begun',
        'done',
        'ringsHeld',
        'gateGivenUp',
        'gateWaits',
        'urgedCount',
        'urged',
      ),
      dropped,
      jitter: histogram(jitterBoundsMs),
      deviation: histogram(jitterBoundsMs),
      residence: histogram(residenceBoundsMs),
      batch: histogram(batchBounds),
      delay: histogram(delayBoundsMs),
      gcPause: histogram(delayBoundsMs),
      note: layout.note.end,
    },
  ],
  [
    'an undo note',
    layout.note,
    {
      ...words('state', 'ring', 'head', 'windowLow', 'windowHigh', 'buckets', 'ringInHand'),
      ...words('packetBytes', 'packetFlags', 'packetMissing'),
      timeline: 8 * ((layout.ring.silentFrames - layout.ring.newestTimestampMs) / 8 + 1),
      histograms: 6 * 8,
      laneCounts: layout.lane.control - layout.lane.committed,
      streamCounts: 2 * 8,
      laneOthers: layout.lane.unaccounted - layout.lane.control,
      streamSlot: layout.streamSlot.rings,
      ringGaps: 2 * 8,
      ringOthers: 3 * 8,
      packetPcm: packetBytesMax,
    },
  ],
  [
    'the pool of playback',
    playbackPool,
    words(
      'magic',
      'version',
      'blockCount',
      'queueCount',
      'freeFrom',
      'blocksHeld',
      'commonHeld',
      'doorbell',
      'callers',
    ),
  ],
  [
    'a queue of playback',
    playbackQueue,
    {
      ...words('sampleRate', 'framesMax', 'tableLength', 'closed', 'tail', 'settled', 'armed', 'changes'),
      ...words('head', 'begun', 'writing', 'wantsRoom', 'refusedFull', 'refusedCleared', 'refusedEnded'),
      ...words('cut', 'cuts', 'blocks'),
      played: doubleBufferBytes(playedDoubles),
      results: playbackUtterancesMax * utteranceResult.bytes,
      utterances: playbackUtterancesMax * utterance.bytes,
    },
  ],
  ['a record', layout.record, words('kind', 'payloadBytes', 'stream', 'ordinal')],
];

describe.each(blocks)('%s', (_name, block, sizes) => {
  it('has no two fields in one place', () => {
    let end = 0;
    for (const [name, at, size] of places(block, sizes)) {
      expect(at, name).toBeGreaterThanOrEqual(end);
      end = at + size;
    }
  });

  it('has every field where its size can be read', () => {
    for (const [name, at, size] of places(block, sizes)) expect(at % Math.min(8, size), name).toBe(0);
  });
});

describe('the layout', () => {
  it('keeps what one thread writes often two cache lines away from what another one does', () => {
    const { tail, head, halves, ...counters } = layout.lane;
    expect(head - tail).toBeGreaterThanOrEqual(128);
    for (const [name, at] of Object.entries(counters)) expect(at, name).toBeGreaterThan(head);
    expect(halves % 128).toBe(0);
    expect(layout.control.freeFrom - layout.control.laneHalfBytes).toBeGreaterThanOrEqual(100);
    expect(layout.control.holders - layout.control.freeFrom).toBeGreaterThanOrEqual(128);
    expect(memorySizes.streamSlotBytes(3) % 128).toBe(0);
    for (const bytes of [layout.ring.end, memorySizes.slotsBytes(110), memorySizes.ringBytes(110)])
      expect(bytes % 128).toBe(0);
  });

  it('has what every frame changes in two cache lines of its ring, and in one of its stream before the rings', () => {
    const perFrame = Object.entries(layout.ring).filter(([, at]) => at < layout.ring.unsettled);
    expect(perFrame.map(([name]) => name)).toEqual(
      expect.arrayContaining(['head', 'gridMs', 'jitterCount', 'silentFrames']),
    );
    for (const [name, at] of perFrame) expect(at, name).toBeLessThan(128);
    // And what it looks at in a third one.
    expect(layout.ring.leastTransitMs).toBeLessThan(192);
    const { sampleRate, metadataCount, participantCount, lastAudioMs, committed, rings } = layout.streamSlot;
    for (const at of [sampleRate, metadataCount, participantCount, lastAudioMs, committed]) {
      expect(Math.floor(at / 64)).toBe(Math.floor(rings / 64) - 1);
    }
    expect(rings % 64).toBe(0);
  });

  it('keeps room in a half for a close and a release of every stream, and for the mark behind them', () => {
    for (const streams of [0, 1, 7, 1250]) {
      expect(memorySizes.laneReserveBytes(streams)).toBe((2 * streams + 1) * memorySizes.recordBytes(0));
    }
  });

  it.each([0.1, 1, 2, 2.01, 60])('makes a ring of %f s long enough for them, and for the longest packet', (seconds) => {
    const slots = memorySizes.ringSlotCount(seconds);
    expect(slots - memorySizes.guardSlots).toBeGreaterThanOrEqual(seconds * 50);
    expect((slots - memorySizes.guardSlots) * 640).toBeGreaterThanOrEqual(packetBytesMax);
    expect(memorySizes.ringBytes(slots)).toBeGreaterThanOrEqual(
      layout.ring.end + slots * Math.max(...sampleRates.map(memorySizes.slotBytes)),
    );
  });

  it('pads every record so that the next one is aligned', () => {
    for (let bytes = 0; bytes < 40; bytes++) {
      expect(memorySizes.recordBytes(bytes) % 8).toBe(0);
      expect(memorySizes.recordBytes(bytes) - layout.record.payload - bytes).toBeLessThan(8);
      expect(memorySizes.recordBytes(bytes)).toBeGreaterThanOrEqual(layout.record.payload + bytes);
    }
  });
});
