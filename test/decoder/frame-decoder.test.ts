/** What a worker does with the records that it finds: what it tells the main thread, what it counts, and what happens when something in it goes wrong. */
import { describe, expect, it } from 'vitest';
import { batchBounds, residenceBoundsMs } from '../../src/memory/histogram.ts';
import { lane, streamSlot } from '../../src/memory/layout.ts';
import { reasonIndex } from '../../src/memory/outcomes.ts';
import { recordBytes } from '../../src/memory/sizes.ts';
import { recordKind, streamEnd } from '../../src/memory/states.ts';
import type { MessageParser } from '../../src/protocol/message.ts';
import { createParsers } from '../../src/protocol/parsers.ts';
import { generator, seed } from '../support/seed.ts';
import { audio, iso, metadata, startMs } from './messages.ts';
import { DecoderRig } from './rig.ts';
import { sample, sampleNames } from './samples.ts';

function push(rig: DecoderRig, message: string | Uint8Array, stream = 0): void {
  rig.push(recordKind.message, Buffer.from(message), stream);
}

/** The first parser, with something to do before each message. */
function watched(before: (text: string) => void): { first: MessageParser; general: MessageParser } {
  const { first, general } = createParsers('scan');
  return {
    first: {
      parse(bytes, start, end, message) {
        before(bytes.toString('utf8', start, end));
        return first.parse(bytes, start, end, message);
      },
    },
    general,
  };
}

describe('the changes', () => {
  it('are none when frames come for participants that are known', () => {
    const rig = new DecoderRig();
    rig.feed(audio());
    push(rig, audio({ timestamp: iso(startMs + 20) }));
    push(rig, '{"kind":"DtmfData"}');
    push(rig, 'nonsense');
    expect(rig.run()).toBeNull();
  });

  it.each([
    ['a participant', audio({ participantRawID: 'b' })],
    ['metadata', metadata()],
    ['metadata that is not supported', metadata({ channels: 2 })],
  ])('name a stream that has %s more', (_what, message) => {
    const rig = new DecoderRig();
    rig.feed(audio({ participantRawID: 'a' }), { stream: 2 });
    push(rig, message, 2);
    expect(rig.run()).toEqual({ streams: [2], faults: [] });
  });

  it('name a stream that is closed or released, with or without participants', () => {
    const rig = new DecoderRig();
    rig.feed(audio(), { stream: 1 });
    expect(rig.close(1)).toEqual({ streams: [1], faults: [] });
    expect(rig.streamWord(streamSlot.end, 1)).toBe(streamEnd.closed);
    expect(rig.release(1)).toEqual({ streams: [1], faults: [] });
    expect(rig.streamWord(streamSlot.end, 1)).toBe(streamEnd.released);
    expect(rig.close(3)).toEqual({ streams: [3], faults: [] });
    expect(rig.release(3)).toEqual({ streams: [3], faults: [] });
  });

  it('name each stream once, and only those that have some', () => {
    const rig = new DecoderRig();
    for (const id of ['a', 'b', 'c']) push(rig, audio({ participantRawID: id }), 0);
    push(rig, '{"kind":"DtmfData"}', 1);
    push(rig, metadata(), 3);
    rig.push(recordKind.close, undefined, 0);
    expect(rig.run()).toEqual({ streams: [0, 3], faults: [] });
  });
});

describe('what is found at a time', () => {
  it('deals with the close of a stream after the stream’s last message', () => {
    const rig = new DecoderRig();
    for (let n = 0; n < 100; n++) push(rig, audio({ timestamp: iso(startMs + 20 * n) }));
    rig.push(recordKind.close);
    rig.run();
    expect(rig.frames()).toHaveLength(100);
    expect(rig.streamWord(streamSlot.end)).toBe(streamEnd.closed);
  });

  it('is observed by its number of records; an empty one is not', () => {
    const rig = new DecoderRig();
    rig.run();
    for (let n = 0; n < 7; n++) push(rig, metadata());
    rig.run();
    const buckets = Array.from({ length: batchBounds.length + 2 }, (_, i) => rig.laneCount(lane.batch + 8 * i));
    const sum = buckets.pop();
    expect(sum).toBe(7);
    expect(buckets).toEqual(batchBounds.map((bound) => (bound === 10 ? 1 : 0)).concat(0));
  });

  it('says at each record which one it has in hand, and at its end that nothing is', () => {
    const messages = [audio(), metadata(), '{"kind":"MarkData"}', 'x', audio()];
    const words: number[][] = [];
    const progress = () => [lane.done, lane.begun, lane.head].map((field) => rig.views.i32[field / 4]!);
    const rig: DecoderRig = new DecoderRig({ parsers: watched(() => words.push(progress())) });
    for (const message of messages) push(rig, message);
    rig.run();
    let end = 0;
    const expected = messages.map((message) => {
      const start = end;
      end += recordBytes(message.length);
      // Room is given back at the end, all at once.
      return [start, end, 0];
    });
    expect(words).toEqual(expected);
    expect(progress()).toEqual([end, end, end]);
  });

  it('continues behind a mark in the other half, gives the first half back there, and comes back', () => {
    const heads: number[] = [];
    const laneHalfBytes = 128 * 1024;
    const rig: DecoderRig = new DecoderRig({
      laneHalfBytes,
      parsers: watched(() => heads.push(rig.views.i32[lane.head / 4]!)),
    });
    rig.feed(audio());
    heads.length = 0;
    const message = `{"kind":"DtmfData","x":"${'x'.repeat(20_000)}"}`;
    for (let n = 0; n < 10; n++) push(rig, message);
    rig.run();
    const before = recordBytes(audio().length);
    expect(heads).toEqual([...Array(6).fill(before), ...Array(4).fill(laneHalfBytes)]);
    for (let n = 0; n < 20; n++) {
      push(rig, message);
      rig.run();
    }
    expect(rig.laneCount(lane.control)).toBe(30);
    // One time behind the other, never inside: a mark is no record.
    expect(new Set(heads)).toContain(0);
    expect(rig.laneCount(lane.dropped + 8 * reasonIndex.worker_lost)).toBe(0);
  });

  it('stamps the residence of no record with a time long before it was dealt with', () => {
    const rig: DecoderRig = new DecoderRig({ parsers: watched(() => rig.nowMs++) });
    const count = 1000;
    for (let n = 0; n < count; n++) push(rig, audio({ timestamp: iso(startMs + 20 * n) }));
    rig.run();
    const sum = rig.laneCount(lane.residence + 8 * (residenceBoundsMs.length + 1));
    const exact = (count * (count - 1)) / 2;
    expect(Math.abs(sum - exact) / count).toBeLessThan(16);
  });

  it('counts every message once, in its lane and in its stream, whatever comes in whatever order', () => {
    const random = generator(seed);
    const rig = new DecoderRig({ participantsMax: 2, ringCount: 9, streamCount: 5 });
    const messages = [
      ...sampleNames.map(sample),
      ...Array.from({ length: 20 }, (_, n) => Buffer.from(audio({ participantRawID: `4:${n % 6}` }))),
    ];
    const perStream = [0, 0, 0, 0, 0];
    for (let n = 0; n < 1500; n++) {
      const stream = Math.floor(random() * 5);
      push(rig, messages[Math.floor(random() * messages.length)]!, stream);
      perStream[stream]!++;
    }
    rig.run();
    const sum = (count: (field: number) => number, at: typeof lane | typeof streamSlot): number =>
      count(at.committed) +
      count(at.control) +
      count(at.ignored) +
      [0, 1, 2, 3, 4, 5, 6].reduce((all, i) => all + count(at.dropped + 8 * i), 0);
    expect(sum((field) => rig.laneCount(field), lane)).toBe(1500);
    perStream.forEach((messages, stream) => {
      expect(
        sum((field) => rig.streamCount(field, stream), streamSlot),
        `seed ${seed}`,
      ).toBe(messages);
    });
    // The mix must not be trivial: every outcome occurs, rings and places for participants run out.
    for (const field of [lane.committed, lane.control, lane.ignored]) expect(rig.laneCount(field)).toBeGreaterThan(0);
    for (let i = 0; i < 5; i++) expect(rig.laneCount(lane.dropped + 8 * i), `reason ${i}`).toBeGreaterThan(0);
  });
});

describe('a fault inside the decoder', () => {
  const failing = () => {
    return watched((text) => {
      if (text.includes('bomb')) throw new Error('boom');
    });
  };

  it('costs the message in which it happens, and no other', () => {
    const rig = new DecoderRig({ parsers: failing() });
    for (const message of [audio(), '"bomb"', audio({ timestamp: iso(startMs + 20) })]) push(rig, message);
    expect(rig.run()).toEqual({ streams: [0], faults: ['boom'] });
    expect(rig.frames()).toHaveLength(2);
    expect([rig.laneCount(lane.committed), rig.laneCount(lane.dropped + 8 * reasonIndex.worker_lost)]).toEqual([2, 1]);
    expect(rig.streamCount(streamSlot.dropped + 8 * reasonIndex.worker_lost)).toBe(1);
  });

  it('is reported four times in a lease at most, and counted every time', () => {
    const rig = new DecoderRig({ parsers: failing() });
    for (let n = 0; n < 10; n++) push(rig, '"bomb"');
    expect(rig.run()).toEqual({ streams: [], faults: Array(4).fill('boom') });
    expect(rig.laneCount(lane.dropped + 8 * reasonIndex.worker_lost)).toBe(10);
    push(rig, audio());
    expect(rig.run()).toEqual({ streams: [0], faults: [] });
  });
});
