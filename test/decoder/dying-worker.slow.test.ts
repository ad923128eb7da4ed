/**
 * A worker that dies at any store that it makes for a record: afterwards either the whole record was dealt with or nothing of
 * it was, and a message of which nothing is left counts as lost. Compared bit for bit: every counter, histogram, slot, ring.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ringFramesMax } from '../../src/base/limits.ts';
import { FrameDecoder } from '../../src/decoder/frame-decoder.ts';
import { lane, ring, streamSlot } from '../../src/memory/layout.ts';
import { reasonIndex } from '../../src/memory/outcomes.ts';
import { recordKind } from '../../src/memory/states.ts';
import { createParsers } from '../../src/protocol/parsers.ts';
import { RingPool } from '../../src/ring/pool.ts';
import { LaneRig } from '../lane/lane-rig.ts';
import { generator, seed } from '../support/seed.ts';
import { contentOf } from './memory-content.ts';
import { audio, iso, metadata, pcm, startMs } from './messages.ts';
import { Mortal, patchAtomics } from './mortal-memory.ts';

const laneIndex = 1;
/** Of all decoders here: what they observe must not depend on when they do. */
const clock = () => 5000;

type Entry = readonly [stream: number, what: string | typeof recordKind.close | typeof recordKind.release];

/** A frame of participant `id` whose PCM says which one it is. */
function frame(n: number, id?: string, fields: Record<string, unknown> = {}): string {
  const data = pcm(640, 1000 * n).toString('base64');
  const who = id === undefined ? {} : { participantRawID: id };
  return audio({ ...who, timestamp: iso(startMs + 20 * n), data, ...fields });
}

const long = (bytes: number) => pcm(bytes, 7).toString('base64');
const { close, release } = recordKind;

/** What came before: two participants on stream 0, mixed audio without metadata on stream 1, nothing on stream 2. */
const before: readonly Entry[] = [
  [0, metadata()],
  ...[0, 1, 2, 3].map((n): Entry => [0, frame(n, 'a')]),
  [0, frame(0, 'b')],
  [1, frame(0)],
  [0, frame(6, 'b')],
  [1, frame(1)],
];

/** And what comes afterwards. */
const after: readonly Entry[] = [
  [0, frame(20, 'a')],
  [0, frame(20, 'c')],
  [1, frame(20)],
  [2, metadata()],
  [2, frame(20)],
  [0, close],
  [0, release],
];

interface Scenario {
  readonly entry: Entry;
  readonly before?: readonly Entry[];
  /** All rings but so many are another lane's. */
  readonly ringsFree?: number;
  /** The ring of stream 0's first participant can take no more frames. */
  readonly ringIsFull?: boolean;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'a frame in order': { entry: [0, frame(4, 'a')] },
  'a frame of mixed audio before its metadata': { entry: [1, frame(2)] },
  'a silent frame': { entry: [0, frame(4, 'a', { silent: true })] },
  'a silent frame without data': { entry: [0, frame(4, 'a', { silent: true, data: '' })] },
  'a short frame': { entry: [0, frame(4, 'a', { data: long(320) })] },
  'a frame without a timestamp': { entry: [0, frame(4, 'a', { timestamp: null })] },
  'a frame whose timestamp says nothing': { entry: [0, frame(4, 'a', { timestamp: '0001-01-01T00:00:00Z' })] },
  'a frame of other audio with the timestamp before': { entry: [0, frame(4, 'a', { timestamp: iso(startMs + 60) })] },
  'a frame after a gap of which it is not sure': { entry: [0, frame(4, 'a', { timestamp: iso(startMs + 97) })] },
  'a frame that tells that nothing was lost': {
    before: [[0, frame(4, 'a', { timestamp: iso(startMs + 97) })]],
    entry: [0, frame(5, 'a', { timestamp: iso(startMs + 100) })],
  },
  'a frame into a gap of which it is not sure': {
    before: [[0, frame(5, 'a', { timestamp: iso(startMs + 103) })]],
    entry: [0, frame(4, 'a', { timestamp: iso(startMs + 82) })],
  },
  'the end of a stream with gaps of which it is not sure': {
    before: [
      [0, frame(4, 'a', { timestamp: iso(startMs + 97) })],
      [0, frame(7, 'b', { timestamp: iso(startMs + 155) })],
    ],
    entry: [0, close],
  },
  'a duplicate': { entry: [0, frame(3, 'a')] },
  'a late frame': { entry: [0, frame(3, 'b')] },
  'a frame after a gap': { entry: [0, frame(9, 'a')] },
  'a frame after a pause': { entry: [0, frame(90, 'a')] },
  'a frame after the clock was set': { entry: [0, frame(9000, 'a')] },
  'a packet of five frames': { entry: [0, frame(4, 'a', { data: long(5 * 640) })] },
  'a packet of five frames and a half after a gap': { entry: [0, frame(40, 'a', { data: long(5.5 * 640) })] },
  'the first frame of a participant': { entry: [0, frame(4, 'c')] },
  'the first frame of a stream': { entry: [2, frame(4)] },
  'a first packet of three frames': { entry: [0, frame(4, 'c', { data: long(3 * 640) })] },
  'a message that the scanner declines': { entry: [0, frame(4, 'a').replace('"data"', '"d\\u0061ta"')] },
  'a message that is dropped unparsed': { entry: [0, `[${'{"a":0},'.repeat(2000)}0]`] },
  'a participant too many': {
    before: ['c', 'd'].map((id) => [0, frame(0, id)]),
    entry: [0, frame(4, 'e')],
  },
  'the last ring': { ringsFree: 4, entry: [0, frame(4, 'c')] },
  'a ring too many': { ringsFree: 3, entry: [0, frame(4, 'c')] },
  'a frame for which the ring is full': { ringIsFull: true, entry: [0, frame(4, 'a')] },
  'a packet of three frames for which the ring is full': {
    ringIsFull: true,
    entry: [0, frame(4, 'a', { data: long(3 * 640) })],
  },
  'a frame for which the ring is full, and no other is free': {
    ringIsFull: true,
    ringsFree: 3,
    entry: [0, frame(4, 'a')],
  },
  'bad base64': { entry: [0, frame(4, 'a', { data: '????' })] },
  'no JSON': { entry: [0, '{'] },
  'another kind': { entry: [0, '{"kind":"New"}'] },
  'a tone': { entry: [0, '{"kind":"DtmfData","dtmfData":{"data":"5"}}'] },
  'the first metadata': { entry: [2, metadata()] },
  'the same metadata again': { entry: [0, metadata()] },
  'metadata of another rate and subscription': {
    entry: [0, metadata({ sampleRate: 24_000, subscriptionId: 'other' })],
  },
  'metadata that are not supported': { entry: [0, metadata({ sampleRate: 8000 })] },
  'the end of a stream': { entry: [0, close] },
  'the end of a stream without rings': { entry: [2, close] },
  'the release of a stream': { before: [[0, close]], entry: [0, release] },
  'the release of a stream without rings': { before: [[2, close]], entry: [2, release] },
};

class Scene {
  readonly rig = new LaneRig({ dataBytes: 200_000, index: laneIndex });
  private messages = 0;

  constructor({ before: own = [], ringsFree, ringIsFull }: Scenario) {
    if (ringsFree !== undefined) for (let n = ringsFree; n < 8; n++) new RingPool(this.rig.memory).take(0);
    this.push([...before, ...own]);
    this.decode();
    if (ringIsFull === true) this.setHead(0, ringFramesMax);
  }

  /** Of the first ring of a stream. */
  private setHead(stream: number, head: number): void {
    const { memory } = this.rig;
    const index = memory.streams.i32[(memory.streamOffset(stream) + streamSlot.rings) / 4]!;
    memory.slabOf(index).i32[(memory.ringOffset(index) + ring.head) / 4] = head;
  }

  /** Messages of all streams that count as lost with their worker. */
  get lost(): number {
    return this.rig.views.f64[lane.dropped / 8 + reasonIndex.worker_lost]!;
  }

  push(entries: readonly Entry[]): void {
    for (const [stream, what] of entries) {
      if (typeof what === 'number') this.rig.lane.pushControl(what, stream);
      else this.rig.push(stream, what, 100 + 20 * this.messages++ + (this.messages % 3));
    }
    vi.advanceTimersByTime(2);
  }

  decode(memory = this.rig.memory): FrameDecoder {
    const decoder = new FrameDecoder(memory, laneIndex, createParsers('scan'), clock);
    decoder.decode(this.rig.word(lane.tail));
    return decoder;
  }

  /** A worker decodes; answers with how many stores it made, or -1 when it died. */
  async decodeMortally(diesAt: number, throwsAt = Number.POSITIVE_INFINITY): Promise<number> {
    const mortal = new Mortal(this.rig.memory);
    const parsers = createParsers('scan');
    const decoder = new FrameDecoder(mortal.memory, laneIndex, parsers, clock);
    Object.assign(mortal, { diesAt, throwsAt });
    try {
      decoder.decode(this.rig.word(lane.tail));
      return mortal.stores;
    } catch (error) {
      await this.rig.die(error);
      return -1;
    }
  }

  get content(): string {
    return contentOf(this.rig.memory, laneIndex);
  }

  /** Whether the record is still in the lane. */
  get waits(): boolean {
    return this.rig.word(lane.done) !== this.rig.word(lane.tail);
  }

  get unaccounted(): number {
    return this.rig.views.f64[lane.unaccounted / 8]!;
  }

  /** What comes afterwards, by a worker that has never seen this lane. */
  finish(): string {
    this.push(after);
    this.decode();
    expect(this.unaccounted).toBe(0);
    return this.content;
  }
}

interface Outcomes {
  readonly taken: string;
  readonly lost: string;
  /** What each becomes with what comes afterwards. */
  readonly takenLater: string;
  readonly lostLater: string;
  /** A ring that took the place of a full one stays there, even if the message is lost: only the end can be compared. */
  readonly isRenewed: boolean;
}

/** Once with the record dealt with, and once with nothing of it but a message that is counted as lost. */
function outcomesOf(scenario: Scenario): Outcomes {
  const one = new Scene(scenario);
  one.push([scenario.entry]);
  one.decode();
  const taken = one.content;
  const other = new Scene(scenario);
  const { memory, views } = other.rig;
  const [stream, what] = scenario.entry;
  // Taken up by nobody: only its place in the lane and its ordinal are used up.
  other.push([scenario.entry]);
  for (const field of [lane.begun, lane.done, lane.head]) other.rig.setWord(field, other.rig.word(lane.tail));
  if (typeof what === 'string') {
    views.f64[lane.dropped / 8 + reasonIndex.worker_lost]! += 1;
    memory.streams.f64[(memory.streamOffset(stream) + streamSlot.dropped) / 8 + reasonIndex.worker_lost]! += 1;
  }
  const lost = other.content;
  const isRenewed = scenario.ringIsFull === true;
  return { taken, lost, takenLater: one.finish(), lostLater: other.finish(), isRenewed };
}

/** Where a content is neither of two others: the first line that differs from each. */
function difference(content: string, ...others: string[]): string {
  if (others.includes(content)) return '';
  const lines = content.split('\n');
  return others
    .map((other) => {
      const expected = other.split('\n');
      const line = lines.findIndex((one, i) => one !== expected[i]);
      const at = [...(lines[line] ?? '')].findIndex((one, i) => one !== expected[line]?.[i]);
      return `${lines[line]?.slice(0, 9)}… at ${at}: ${lines[line]?.slice(at, at + 16)} / ${expected[line]?.slice(at, at + 16)}`;
    })
    .join('; ');
}

let unpatch = () => {};
beforeAll(() => {
  unpatch = patchAtomics();
});
afterAll(() => unpatch());
beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

/** What became of a record whose worker met with something; throws when it is anything but one of these, in every bit. */
function outcomeOf(scene: Scene, { taken, lost, isRenewed }: Outcomes, where: string): 'taken' | 'lost' | 'untouched' {
  expect(scene.unaccounted, where).toBe(0);
  const isUntouched = scene.waits;
  if (isUntouched) scene.decode();
  const { content } = scene;
  if (isRenewed) return isUntouched ? 'untouched' : scene.lost === 0 ? 'taken' : 'lost';
  expect(isUntouched ? difference(content, taken) : difference(content, taken, lost), where).toBe('');
  return isUntouched ? 'untouched' : content === taken ? 'taken' : 'lost';
}

describe.each(Object.entries(scenarios))('%s', (_name, scenario) => {
  it('is dealt with or lost as a whole, at whichever store its worker dies', async () => {
    const outcomes = outcomesOf(scenario);
    const seen: string[] = [];
    for (let diesAt = 1; ; diesAt++) {
      const scene = new Scene(scenario);
      scene.push([scenario.entry]);
      const stores = await scene.decodeMortally(diesAt);
      if (stores >= 0) {
        expect(stores, 'every store was tried').toBe(diesAt - 1);
        break;
      }
      const where = `death at store ${diesAt}`;
      const outcome = outcomeOf(scene, outcomes, where);
      const isFirst = outcome !== seen.at(-1);
      if (isFirst) seen.push(outcome);
      // What is equal in every bit continues alike; but where the lane stands is not in it.
      if (!isFirst && diesAt % 8 !== 0 && !outcomes.isRenewed) continue;
      const later = outcome === 'lost' ? outcomes.lostLater : outcomes.takenLater;
      expect(difference(scene.finish(), later), where).toBe('');
    }
    // There is one store that decides. An end is repeated until it is through.
    expect(seen).toEqual(
      typeof scenario.entry[1] === 'string' ? ['untouched', 'lost', 'taken'] : ['untouched', 'taken'],
    );
  });

  it('is dealt with or lost as a whole, at whichever store an exception comes', async () => {
    // An end that fails is a fault that nobody can take back.
    if (typeof scenario.entry[1] !== 'string') return;
    const outcomes = outcomesOf(scenario);
    for (let throwsAt = 1; ; throwsAt++) {
      const scene = new Scene(scenario);
      scene.push([scenario.entry]);
      const stores = await scene.decodeMortally(Number.POSITIVE_INFINITY, throwsAt);
      outcomeOf(scene, outcomes, `exception at store ${throwsAt}`);
      if (stores >= 0 && stores < throwsAt) break;
    }
  });
});

it('a worker may die while it takes back what an exception left', async () => {
  const random = generator(seed);
  for (const name of ['the first frame of a participant', 'a packet of five frames and a half after a gap']) {
    const scenario = scenarios[name]!;
    const outcomes = outcomesOf(scenario);
    for (let attempt = 0; attempt < 300; attempt++) {
      const throwsAt = 1 + Math.floor(random() * 150);
      const scene = new Scene(scenario);
      scene.push([scenario.entry]);
      const diesAt = throwsAt + 1 + Math.floor(random() * 60);
      await scene.decodeMortally(diesAt, throwsAt);
      outcomeOf(scene, outcomes, `${name}, seed ${seed}: exception at store ${throwsAt}, death at ${diesAt}`);
    }
  }
});

it('a worker may die while it replaces a full ring: no ring is lost, and the participant continues', async () => {
  const replaced: boolean[] = [];
  for (let diesAt = 1; ; diesAt++) {
    const scene = new Scene({ entry: [0, ''] });
    const { memory, views } = scene.rig;
    const rings = (memory.streamOffset(0) + streamSlot.rings) / 4;
    const full = memory.streams.i32[rings]!;
    const head = (index: number) => memory.slabOf(index).i32[(memory.ringOffset(index) + ring.head) / 4]!;
    memory.slabOf(full).i32[(memory.ringOffset(full) + ring.head) / 4] = ringFramesMax;
    const inUse = new RingPool(memory).inUse;
    scene.push([[0, frame(4, 'a')]]);
    const stores = await scene.decodeMortally(diesAt);
    if (stores >= 0) break;
    const where = `death at store ${diesAt}`;
    expect(scene.unaccounted, where).toBe(0);
    if (scene.waits) scene.decode();
    const isReplaced = memory.streams.i32[rings] !== full;
    replaced.push(isReplaced);
    const lost = views.f64[lane.dropped / 8 + reasonIndex.worker_lost]!;
    expect(new RingPool(memory).inUse - inUse, where).toBe(Number(isReplaced));
    expect(head(full), where).toBe(ringFramesMax);
    if (isReplaced) expect(head(memory.streams.i32[rings]!), where).toBe(1 - lost);
    scene.push([[0, frame(5, 'a')]]);
    scene.decode();
    expect(scene.unaccounted, where).toBe(0);
    expect(head(memory.streams.i32[rings]!), where).toBe(2 - lost);
    expect(new RingPool(memory).inUse - inUse, where).toBe(1);
  }
  expect([replaced.includes(false), replaced.includes(true)]).toEqual([true, true]);
});
