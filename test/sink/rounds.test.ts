/** A sink that learns only later whether it has kept something: what a round had read holds when it settles, or is read again. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { guardSlots } from '../../src/memory/sizes.ts';
import { writeMany } from '../ring/ring-rig.ts';
import { endOf, SettlingSink, SinkRig } from './sink-rig.ts';

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

const ringSlots = 12;
const readable = ringSlots - guardSlots;
/** Longer than a track waits for its first reading, and than an interval. */
const whileMs = 220;

function settlingRig(): SinkRig<SettlingSink> {
  return new SinkRig(ringSlots, new SettlingSink());
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Lets the loop know how a round ended. */
async function ends({ sink }: SinkRig<SettlingSink>, error?: Error): Promise<void> {
  const round = sink.rounds.shift()!;
  if (error === undefined) round.resolve();
  else round.reject(error);
  // A promise or two lie between.
  await vi.advanceTimersByTimeAsync(0);
}

/** A track that was opened; its first round is over. */
async function begun(rig: SinkRig<SettlingSink>, id = 'a') {
  const track = rig.begin(id);
  await ends(rig);
  return track;
}

/** A track of which nothing holds yet begins with a round of its own, as at first. */
async function reopened(rig: SinkRig<SettlingSink>): Promise<void> {
  await vi.advanceTimersByTimeAsync(20);
  await ends(rig);
}

const failure = new Error('the server is gone');

describe('a round', () => {
  it('holds when it settles, and not before', async () => {
    const rig = settlingRig();
    const { writer, progress } = await begun(rig);
    writeMany(writer, 0, 4);
    vi.advanceTimersByTime(whileMs);
    expect(rig.sink.writers).toEqual([numbers(0, 4)]);
    expect(progress.framesRead).toBe(0);
    await ends(rig);
    expect([progress.framesRead, progress.framesLapped, rig.errors]).toEqual([4, 0, 0]);
  });

  it('that fails is read again by another writer, which finds the numbers of before; nothing counts twice', async () => {
    const rig = settlingRig();
    const { writer, progress } = await begun(rig);
    writeMany(writer, 0, 2);
    vi.advanceTimersByTime(whileMs);
    await ends(rig);
    writeMany(writer, 2, 3);
    vi.advanceTimersByTime(whileMs);
    await ends(rig, failure);
    expect([progress.framesRead, rig.errors]).toEqual([2, 1]);
    writeMany(writer, 5, 1);
    vi.advanceTimersByTime(whileMs);
    await ends(rig);
    expect(rig.sink.writers).toEqual([numbers(0, 5), numbers(2, 6)]);
    expect(progress.framesRead).toBe(6);
    // The writer's own number: one for each frame that holds.
    expect(progress.recall().at(3)).toBe(6);
    expect(rig.toldOf('error')).toEqual([{ type: 'error', streamId: '', message: failure.message, suppressed: 0 }]);
  });

  it('that fails gives lost frames back as well', async () => {
    const rig = settlingRig();
    const { writer, progress } = await begun(rig);
    rig.sink.failing = 'write';
    writeMany(writer, 0, 3);
    vi.advanceTimersByTime(whileMs);
    rig.sink.failing = null;
    await ends(rig, failure);
    expect(progress.framesLost).toBe(0);
    await reopened(rig);
    vi.advanceTimersByTime(whileMs);
    await ends(rig);
    expect([progress.framesRead, progress.framesLost]).toEqual([3, 0]);
  });

  it('that never ends keeps all others waiting, and the ring continues', async () => {
    const rig = settlingRig();
    const { writer, progress } = await begun(rig);
    writeMany(writer, 0, 2);
    vi.advanceTimersByTime(whileMs);
    writeMany(writer, 2, 100);
    vi.advanceTimersByTime(60_000);
    expect(rig.sink.rounds).toHaveLength(1);
    expect([progress.framesRead, progress.framesLapped]).toEqual([0, 0]);
    await ends(rig, failure);
    await reopened(rig);
    vi.advanceTimersByTime(whileMs);
    await ends(rig);
    expect([progress.framesRead, progress.framesLapped]).toEqual([readable, 102 - readable]);
  });

  it('is made for what the sink itself has to say, though nothing was read', async () => {
    const rig = settlingRig();
    await begun(rig);
    vi.advanceTimersByTime(whileMs);
    expect(rig.sink.rounds).toHaveLength(0);
    rig.sink.speak();
    vi.advanceTimersByTime(20);
    expect(rig.sink.rounds).toHaveLength(1);
    await ends(rig, failure);
    expect(rig.errors).toBe(1);
  });

  it('of a thread that dies is read again by the next', async () => {
    const rig = settlingRig();
    const { writer, ring, start, progress } = await begun(rig);
    writeMany(writer, 0, 4);
    vi.advanceTimersByTime(whileMs);
    vi.clearAllTimers();
    rig.sink.rounds.length = 0;
    rig.newThread().take({ type: 'started', tracks: [start] });
    rig.loop.take({ type: 'ended', ring, frames: 4 });
    await ends(rig);
    await vi.advanceTimersByTimeAsync(20);
    await ends(rig);
    expect(rig.sink.writers).toEqual([numbers(0, 4), numbers(0, 4)]);
    expect([progress.framesRead, rig.toldOf('drained').length]).toEqual([4, 1]);
  });
});

describe('a track that ends', () => {
  it('is drained when the round with its last frame has settled', async () => {
    const rig = settlingRig();
    const { writer, ring, progress } = await begun(rig);
    writeMany(writer, 0, 3);
    rig.loop.take({ type: 'ended', ring, frames: 3 });
    expect(rig.sink.ends).toEqual([{ framesRead: 3, framesLapped: 0 }]);
    expect(rig.toldOf('drained')).toEqual([]);
    await ends(rig);
    expect(rig.toldOf('drained')).toEqual([{ type: 'drained', ring }]);
    expect(progress.framesRead).toBe(3);
  });

  it('ends again when that round failed', async () => {
    const rig = settlingRig();
    const { writer, ring, progress } = await begun(rig);
    writeMany(writer, 0, 3);
    rig.loop.take({ type: 'ended', ring, frames: 3 });
    await ends(rig, failure);
    expect(rig.toldOf('drained')).toEqual([]);
    await vi.advanceTimersByTimeAsync(20);
    await ends(rig);
    const end = { framesRead: 3, framesLapped: 0 };
    expect(rig.sink.ends).toEqual([end, end]);
    expect(rig.sink.writers).toEqual([numbers(0, 3), numbers(0, 3)]);
    expect([progress.framesRead, rig.toldOf('drained').length]).toEqual([3, 1]);
  });

  it.each(['settles', 'fails'])('while a round is on its way ends in the next one, when that %s', async (outcome) => {
    const rig = settlingRig();
    const { writer, ring, progress } = await begun(rig);
    writeMany(writer, 0, 2);
    vi.advanceTimersByTime(whileMs);
    writeMany(writer, 2, 2);
    rig.loop.take({ type: 'ended', ring, frames: 4 });
    expect([rig.sink.rounds.length, rig.sink.ends.length]).toEqual([1, 0]);
    await ends(rig, outcome === 'fails' ? failure : undefined);
    await vi.advanceTimersByTimeAsync(20);
    await ends(rig);
    expect(rig.sink.ends).toEqual([{ framesRead: 4, framesLapped: 0 }]);
    expect([progress.framesRead, rig.toldOf('drained').length]).toEqual([4, 1]);
  });

  it('whose ring is gone while its last round fails has what was not kept counted as lapped', async () => {
    const rig = settlingRig();
    const { writer, ring, progress } = await begun(rig);
    writeMany(writer, 0, 2);
    vi.advanceTimersByTime(whileMs);
    await ends(rig);
    writeMany(writer, 2, 3);
    rig.loop.take({ type: 'ended', ring, frames: 5 });
    rig.pool.release(writer.index);
    await ends(rig, failure);
    await vi.advanceTimersByTimeAsync(20);
    await ends(rig);
    expect(rig.sink.ends.at(-1)).toEqual({ framesRead: 2, framesLapped: 3 });
    expect([progress.framesRead, progress.framesLapped, rig.toldOf('drained').length]).toEqual([2, 3, 1]);
  });
});

describe('while the sink takes nothing', () => {
  it('nothing is read or opened, and what is overwritten counts as lapped at once', async () => {
    const rig = settlingRig();
    const { writer, progress } = await begun(rig);
    rig.sink.isReady = false;
    const late = rig.begin('b');
    writeMany(writer, 0, 40);
    writeMany(late.writer, 0, 3);
    vi.advanceTimersByTime(whileMs);
    expect(rig.sink.writers).toEqual([[]]);
    expect([progress.framesRead, progress.framesLapped]).toEqual([0, 40 - readable]);
    expect([late.progress.framesRead, late.progress.framesLapped]).toEqual([0, 0]);
    rig.sink.isReady = true;
    await vi.advanceTimersByTimeAsync(20);
    await ends(rig);
    await vi.advanceTimersByTimeAsync(whileMs);
    await ends(rig);
    expect(rig.sink.writers).toEqual([numbers(40 - readable, 40), numbers(0, 3)]);
    expect([progress.framesRead, progress.framesLapped]).toEqual([readable, 40 - readable]);
    expect(late.progress.framesRead).toBe(3);
  });

  it('a track that ended waits in its ring; given away, it is over: lapped, told, forgotten, and the sink can close', async () => {
    const rig = settlingRig();
    const tracks = [await begun(rig, 'a')];
    rig.sink.isReady = false;
    for (const id of ['b', 'c']) tracks.push(rig.begin(id));
    for (const { writer, ring } of tracks) {
      writeMany(writer, 0, 5);
      rig.loop.take({ type: 'ended', ring, frames: 5 });
    }
    rig.loop.take({ type: 'streamEnded', stream: endOf() });
    rig.loop.take({ type: 'close', withinMs: 1000 });
    await vi.advanceTimersByTimeAsync(5000);
    expect(rig.told).toEqual([]);
    for (const { writer } of tracks) rig.pool.release(writer.index);
    await vi.advanceTimersByTimeAsync(20);
    expect(rig.told.map(({ type }) => type)).toEqual(['drained', 'drained', 'drained', 'streamDone', 'closed']);
    for (const { progress } of tracks) expect([progress.framesRead, progress.framesLapped]).toEqual([0, 5]);
    // One was opened before; nobody hears of the others.
    expect([rig.sink.writers, rig.sink.ends, rig.sink.streamsEnded]).toEqual([[[]], [], ['s']]);
  });

  it('a ring that is gone before the main thread has said how long it was is over when it has', async () => {
    const rig = settlingRig();
    const { writer, ring, progress } = await begun(rig);
    rig.sink.isReady = false;
    writeMany(writer, 0, 5);
    rig.pool.release(writer.index);
    vi.advanceTimersByTime(whileMs);
    expect(rig.told).toEqual([]);
    rig.loop.take({ type: 'ended', ring, frames: 5 });
    vi.advanceTimersByTime(20);
    expect([progress.framesRead, progress.framesLapped, rig.toldOf('drained').length]).toEqual([0, 5, 1]);
  });

  it('its gauge says so', async () => {
    const rig = settlingRig();
    const ready = () => new Float64Array(rig.counters)[1];
    expect(ready()).toBe(1);
    rig.sink.isReady = false;
    vi.advanceTimersByTime(20);
    expect(ready()).toBe(0);
    rig.sink.isReady = true;
    vi.advanceTimersByTime(20);
    expect(ready()).toBe(1);
  });
});

it('a sink that is full in the middle of a round takes the others first in the next: each track has its turn', async () => {
  const rig = settlingRig();
  const tracks = [];
  for (const id of ['a', 'b', 'c', 'd']) tracks.push(await begun(rig, id));
  // Full after the first track that has something.
  rig.sink.framesPerRound = 1;
  let written = 0;
  for (let round = 0; round < 12; round++) {
    for (const { writer } of tracks) writeMany(writer, written, 1);
    written++;
    await vi.advanceTimersByTimeAsync(whileMs);
    expect(rig.sink.rounds).toHaveLength(1);
    await ends(rig);
  }
  const visited = tracks.map(({ progress }) => progress.framesRead + progress.framesLapped > 0);
  expect(visited).toEqual([true, true, true, true]);
  // Twelve rounds are three for each: none is more than a turn behind another.
  const reads = tracks.map(({ progress }) => progress.framesRead + progress.framesLapped);
  expect(Math.max(...reads) - Math.min(...reads)).toBeLessThanOrEqual(4);
});

it('a sink that is to close while a round is on its way closes when that has settled', async () => {
  const rig = settlingRig();
  const { writer, ring } = await begun(rig);
  writeMany(writer, 0, 2);
  rig.loop.take({ type: 'ended', ring, frames: 2 });
  rig.loop.take({ type: 'close', withinMs: 1000 });
  await vi.advanceTimersByTimeAsync(500);
  expect(rig.told).toEqual([]);
  await ends(rig);
  await vi.advanceTimersByTimeAsync(1);
  expect(rig.told.map(({ type }) => type)).toEqual(['drained', 'closed']);
});

it('a track is not read before the lead of its sink is over, and loses nothing by that', async () => {
  class LeadingSink extends SettlingSink {
    override readonly leadMs = 100;
  }
  const rig = new SinkRig<SettlingSink>(ringSlots, new LeadingSink());
  const { writer, progress } = await begun(rig);
  writeMany(writer, 0, 5);
  vi.advanceTimersByTime(90);
  expect(rig.sink.writers).toEqual([[]]);
  vi.advanceTimersByTime(130);
  await ends(rig);
  expect(rig.sink.writers).toEqual([numbers(0, 5)]);
  expect(progress.framesRead).toBe(5);
});
