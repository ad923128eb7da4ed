/** A worker that dies: the message that it had in hand is lost by name, ends are repeated, everything else stays in the lane. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameDecoder } from '../../src/decoder/frame-decoder.ts';
import { lane } from '../../src/memory/layout.ts';
import { recordBytes } from '../../src/memory/sizes.ts';
import { recordKind } from '../../src/memory/states.ts';
import { createParsers, type Parsers } from '../../src/protocol/parsers.ts';
import { audio } from '../decoder/messages.ts';
import { generator, seed } from '../support/seed.ts';
import { inShort, LaneRig } from './lane-rig.ts';

const { close, release } = recordKind;

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

const six = ['0:a0', '1:b0', 'close 0', '1:b1', '2:c0', 'release 2'];

/** Six records of three streams, and a worker that has the lane. */
function served(): LaneRig {
  const rig = new LaneRig();
  rig.push(0, 'a0');
  rig.push(1, 'b0');
  rig.lane.pushControl(close, 0);
  rig.push(1, 'b1');
  rig.push(2, 'c0');
  rig.lane.pushControl(release, 2);
  vi.advanceTimersByTime(2);
  return rig;
}

describe('a worker that dies', () => {
  it.each([0, 1, 2, 3, 4, 5, 6])('with nothing in hand after %i records loses nothing', async (done) => {
    const rig = served();
    rig.deal(done);
    await rig.die();
    expect(rig.lost).toEqual([]);
    expect(rig.leases).toBe(done === 6 ? 1 : 2);
    expect(rig.take().map(inShort)).toEqual(six.slice(done));
  });

  it.each([
    [0, 0],
    [1, 1],
    [3, 1],
    [4, 2],
  ])('with the message after %i records in hand loses exactly that one, of stream %i', async (done, stream) => {
    const rig = served();
    rig.deal(done);
    rig.takeUp();
    await rig.die();
    expect(rig.lost).toEqual([stream]);
    expect(rig.take().map(inShort)).toEqual(six.slice(done + 1));
  });

  it.each([2, 5])('with the end after %i records in hand loses nothing, and the end is repeated', async (done) => {
    const rig = served();
    rig.deal(done);
    rig.takeUp();
    await rig.die();
    expect(rig.lost).toEqual([]);
    expect(rig.take().map(inShort)).toEqual(six.slice(done));
  });

  it('after a time on which it gave room back loses no more', async () => {
    const rig = served();
    rig.take(1);
    rig.takeUp();
    await rig.die();
    expect(rig.lost).toEqual([1]);
    expect(rig.take().map(inShort)).toEqual(six.slice(2));
  });

  it('before it looked into the lane loses nothing, however far the last one came', async () => {
    const rig = served();
    rig.take();
    await rig.goHome();
    rig.push(1, 'b2');
    vi.advanceTimersByTime(2);
    await rig.die();
    expect(rig.lost).toEqual([]);
    expect(rig.take().map(inShort)).toEqual(['1:b2']);
  });

  it('gives the room of what is dealt with back', async () => {
    const rig = served();
    const backlog = rig.lane.backlogBytes;
    rig.deal(1);
    rig.takeUp();
    expect(rig.lane.backlogBytes).toBe(backlog);
    await rig.die();
    expect(rig.lane.backlogBytes).toBe(backlog - 2 * recordBytes(2));
  });

  it.each([
    [new Error('out of memory'), new Error('out of memory')],
    ['gone', new Error('gone')],
  ])('is told once, as an error, with the reason', async (thrown, told) => {
    const rig = served();
    await rig.die(thrown);
    expect(rig.errors).toEqual([told]);
  });

  it('is reported after its message was counted and before the lane is given to the next', async () => {
    const rig = served();
    rig.takeUp();
    const seen: unknown[] = [];
    rig.onWorkerLost = () => seen.push([...rig.lost], rig.leases);
    await rig.die();
    expect(seen).toEqual([[0], 1]);
    expect(rig.leases).toBe(2);
  });

  it('leaves a lane that works on', async () => {
    const rig = served();
    rig.deal(2);
    await rig.die();
    rig.push(1, 'b2');
    expect(rig.take().map(inShort)).toEqual([...six.slice(2), '1:b2']);
    await rig.goHome();
    rig.push(1, 'b3');
    vi.advanceTimersByTime(2);
    expect(rig.take().map(inShort)).toEqual(['1:b3']);
  });

  it('may be followed by others that die: a message is lost at each, an end never', async () => {
    const rig = served();
    for (let n = 0; n < 6; n++) {
      rig.takeUp();
      await rig.die();
    }
    expect(rig.lost).toEqual([0, 1]);
    expect(rig.take().map(inShort)).toEqual(six.slice(2));
  });
});

describe('a worker that dies at a mark', () => {
  /** One message in the first half, three in the other one, the worker at the mark between them. */
  function atMark(): LaneRig {
    const rig = new LaneRig({ dataBytes: 3 * recordBytes(100) });
    rig.push(0, 'a'.repeat(300));
    for (const letter of ['b', 'c', 'd']) rig.push(1, letter.repeat(100));
    expect(rig.fillingHalf).toBe(1);
    vi.advanceTimersByTime(2);
    rig.deal(1);
    return rig;
  }

  it.each([
    ['before it followed it', []],
    ['after its first store', [lane.begun]],
    ['after its second store', [lane.begun, lane.done]],
    ['after its third store', [lane.begun, lane.done, lane.head]],
    ['after its first store, were that the other one', [lane.done]],
  ])('%s loses nothing and repeats nothing', async (_when, fields) => {
    const rig = atMark();
    for (const field of fields) rig.setWord(field, rig.halfBytes);
    await rig.die();
    expect(rig.lost).toEqual([]);
    expect(rig.take().map((seen) => seen.text[0])).toEqual(['b', 'c', 'd']);
  });

  it('and with the first message behind it in hand loses that one', async () => {
    const rig = atMark();
    rig.takeUp();
    await rig.die();
    expect(rig.lost).toEqual([1]);
    expect(rig.take().map((seen) => seen.text[0])).toEqual(['c', 'd']);
  });
});

describe('over many deaths', () => {
  /** The parsers of a worker that dies at a message: what is in shared memory then is copied, and put back afterwards. */
  function dying(rig: LaneRig, after: number): { parsers: Parsers; restore: () => void } {
    const { control, streams, slabs, lanes } = rig.memory;
    const all = [control, streams, ...slabs, ...lanes].map((views) => views.bytes);
    const { first, general } = createParsers('scan');
    let copies: Buffer[] | null = null;
    const parse: Parsers['first']['parse'] = (bytes, start, end, message) => {
      if (after-- === 0) copies = all.map((memory) => Buffer.from(memory));
      return first.parse(bytes, start, end, message);
    };
    const restore = () => {
      for (const [i, copy] of copies?.entries() ?? []) copy.copy(all[i]!);
    };
    return { parsers: { first: { parse }, general }, restore };
  }

  it('nothing is left uncounted: committed, lost and refused are all that was sent', async () => {
    const random = generator(seed);
    const rig = new LaneRig({ dataBytes: 8 * recordBytes(Buffer.byteLength(audio())) });
    const sent = 1000;
    let refused = 0;
    let deaths = 0;
    for (let n = 0; n < sent; n++) {
      if (!rig.push(n % 3, audio())) refused++;
      vi.advanceTimersByTime(1);
      if (!rig.isServed || random() > 0.2) continue;
      const dies = random() < 0.5;
      const { parsers, restore } = dying(rig, dies ? Math.floor(random() * 6) : -1);
      new FrameDecoder(rig.memory, 1, parsers, () => 0).decode(rig.word(lane.tail));
      const lostBefore = rig.lost.length;
      restore();
      const hasMore = rig.word(lane.done) !== rig.word(lane.begun);
      if (dies) await rig.die();
      else await rig.goHome();
      if (hasMore) deaths++;
      expect(rig.lost.length - lostBefore).toBe(hasMore ? 1 : 0);
    }
    const decoder = new FrameDecoder(rig.memory, 1, createParsers('scan'), () => 0);
    if (rig.lane.backlogBytes > 0) decoder.decode(rig.word(lane.tail));
    const committed = rig.views.f64[lane.committed / 8]!;
    expect(committed + rig.lost.length + refused, `seed ${seed}`).toBe(sent);
    expect(rig.lost).toHaveLength(deaths);
    expect([deaths > 30, refused > 30, committed > 300]).toEqual([true, true, true]);
  });
});
