/** A batch whose worker is lost: what was dealt with counts, messages of the rest are lost by name, ends are not. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameDecoder } from '../../src/decoder/frame-decoder.ts';
import { createParsers } from '../../src/decoder/protocol/parsers.ts';
import { lane, laneReserveBytes, recordBytes, recordKind } from '../../src/memory/layout.ts';
import { RingPool } from '../../src/ring/pool.ts';
import { LaneRig } from '../support/decoder-lane.ts';
import { audio } from '../support/decoder-messages.ts';

const { close, release } = recordKind;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Six records of three streams, in flight. */
function inFlight(): LaneRig {
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

function contents(rig: LaneRig): string[] {
  return rig.flight.records.map(({ kind, stream, text }) => `${kind} ${stream}${text === '' ? '' : ` ${text}`}`);
}

describe('a lost batch', () => {
  it.each([
    [0, [0, 1, 1, 2], ['close 0', 'release 2'], []],
    [1, [1, 1, 2], ['close 0', 'release 2'], [0]],
    [2, [1, 2], ['close 0', 'release 2'], [0, 1]],
    [3, [1, 2], ['release 2'], [0, 1]],
    [4, [2], ['release 2'], [0, 1]],
    [5, [], ['release 2'], [0, 1, 2]],
    [6, [], [], [0, 1, 2]],
  ])(
    'after %i of its records loses exactly the messages of the rest, and repeats the ends',
    async (done, lost, repeated, news) => {
      const rig = inFlight();
      await rig.flight.lose(done);
      expect(rig.lost).toEqual(lost);
      expect(rig.lane.lostMessages).toBe(lost.length);
      expect(rig.results).toEqual([{ news, faults: [] }]);
      vi.advanceTimersByTime(2);
      expect(rig.flights).toHaveLength(repeated.length === 0 ? 1 : 2);
      if (repeated.length > 0) expect(contents(rig)).toEqual(repeated);
    },
  );

  it('whose worker never woke up is lost from its beginning, however far the last batch came', async () => {
    const rig = inFlight();
    rig.memory.lanes[1]!.i32[lane.doneBytes / 4] = rig.flight.batch.bytes;
    await rig.flight.land();
    rig.push(1, 'b2');
    rig.push(1, 'b3');
    vi.advanceTimersByTime(2);
    await rig.flight.lose('asleep');
    expect(rig.lost).toEqual([1, 1]);
  });

  it('is told once, with the reason', async () => {
    const rig = inFlight();
    const error = new Error('out of memory');
    await rig.flight.lose(0, error);
    expect(rig.errors).toEqual([error]);
  });

  it('is told as an error, whatever was thrown', async () => {
    const rig = inFlight();
    await rig.flight.lose(0, 'gone');
    expect(rig.errors).toEqual([new Error('gone')]);
  });

  it('does not stop the lane: what waited goes next, and with it the ends', async () => {
    const rig = inFlight();
    rig.push(1, 'b2');
    vi.advanceTimersByTime(2);
    await rig.flight.lose(2);
    expect(rig.flights).toHaveLength(2);
    expect(contents(rig)).toEqual(['message 1 b2', 'close 0', 'release 2']);
    await rig.flight.land();
    rig.push(1, 'b3');
    vi.advanceTimersByTime(2);
    expect(contents(rig)).toEqual(['message 1 b3']);
  });

  it('can be lost again, and the ends are repeated again', async () => {
    const rig = inFlight();
    for (let n = 0; n < 5; n++) {
      await rig.flight.lose(0);
      vi.advanceTimersByTime(2);
      expect(contents(rig)).toEqual(['close 0', 'release 2']);
    }
    expect(rig.lost).toEqual([0, 1, 1, 2]);
  });

  it('keeps the lane from being idle until its ends are dealt with', async () => {
    const rig = inFlight();
    let isIdle = false;
    void rig.lane.idle().then(() => {
      isIdle = true;
    });
    await rig.flight.lose(0);
    expect(isIdle).toBe(false);
    vi.advanceTimersByTime(2);
    await rig.flight.land();
    expect(isIdle).toBe(true);
  });

  it('has room for all its ends in a half that is full of messages', async () => {
    const streams = 40;
    const dataBytes = 10 * recordBytes(100);
    const rig = new LaneRig({ streams, dataBytes });
    for (let n = 0; n < streams; n++) rig.lane.pushControl(n % 2 === 0 ? close : release, n);
    vi.advanceTimersByTime(2);
    while (rig.push(0, 'm'.repeat(100)));
    // The other record that each stream may have on its way.
    for (let n = 0; n < streams; n++) rig.lane.pushControl(n % 2 === 0 ? release : close, n);
    vi.advanceTimersByTime(2);
    await rig.flight.lose(0);
    expect(rig.flight.batch.bytes).toBeLessThanOrEqual(dataBytes + laneReserveBytes(streams));
    expect(rig.flight.records.filter((seen) => seen.kind === 'message').map((seen) => seen.text)).toEqual(
      Array(10).fill('m'.repeat(100)),
    );
    expect(rig.flight.records).toHaveLength(10 + 2 * streams);
  });

  it('leaves nothing uncounted: committed, lost and refused are all that was sent', async () => {
    const rig = new LaneRig({ dataBytes: 8 * recordBytes(Buffer.byteLength(audio())) });
    const { memory } = rig;
    new RingPool(memory).fill();
    const decoder = new FrameDecoder(memory, createParsers('scan'), () => 0);
    const sent = 60;
    let refused = 0;
    for (let n = 0; n < sent; n++) {
      if (!rig.push(n % 3, audio())) refused++;
      if (n % 7 !== 6) continue;
      vi.advanceTimersByTime(2);
      const { batch, records } = rig.flight;
      // Every other worker dies in the middle: it has decoded a part, and says how large.
      const done = n % 2 === 0 ? records.length : Math.floor(records.length / 2);
      decoder.decode({ ...batch, bytes: (batch.bytes / records.length) * done, records: done });
      if (done === records.length) await rig.flight.land();
      else await rig.flight.lose(done);
    }
    vi.advanceTimersByTime(2);
    decoder.decode(rig.flight.batch);
    const committed = memory.lanes[1]!.f64[lane.committed / 8]!;
    expect(rig.lane.lostMessages).toBeGreaterThan(0);
    expect(committed + rig.lane.lostMessages + refused).toBe(sent);
  });
});
